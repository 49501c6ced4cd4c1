// What one event has changed on the record: as it was right before, and right after.
import { Table, Text } from '@mantine/core'
import type { Problem } from '../../api/client'
import { useAsk } from '../../api/hooks'
import { Waiting } from '../../components/Page'
import { t } from '../../texts'
import { changesOf } from './changes'

/** The event at this position of the log. */
export function Changes({ id, position }: { id: string; position: string }) {
  const before = useAsk('customer-360', { id, as_of: String(Number(position) - 1) })
  const after = useAsk('customer-360', { id, as_of: position })
  const isNew = isUnknown(before.error)
  if ((before.error && !isNew) || after.error)
    return (
      <Text size="xs" c="dimmed">
        {t.past.failed}
      </Text>
    )
  if (!after.data || (!before.data && !isNew)) return <Waiting rows={2} />
  const changes = changesOf(isNew ? null : before.data?.item, after.data.item)
  if (changes.length === 0)
    return (
      <Text size="xs" c="dimmed">
        {t.past.none}
      </Text>
    )
  return (
    <>
      {isNew && <Text size="xs">{t.past.created}</Text>}
      <Table fz="xs" verticalSpacing={3} layout="fixed" className="lines">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.conflict.field}</Table.Th>
            <Table.Th>{t.past.before}</Table.Th>
            <Table.Th>{t.past.after}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {changes.map((change, index) => (
            <Table.Tr key={`${change.field} ${index}`}>
              <Table.Td>{change.field}</Table.Td>
              <Table.Td>{change.before === null ? '—' : <del>{change.before}</del>}</Table.Td>
              <Table.Td>{change.after === null ? '—' : <ins>{change.after}</ins>}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  )
}

/** Before its first event there was no such record. */
function isUnknown(problem: Problem | null): boolean {
  return problem?.status === 404
}
