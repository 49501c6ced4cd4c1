// What one record would be after a merge: each field and where it is from, what comes along, and which consents change.
import { Group, Stack, Table, Text } from '@mantine/core'
import { number } from '../../components/format'
import { Status } from '../../components/Status'
import { humane, t } from '../../texts'
import type { Customer360 } from './CustomerRecord'
import { consentsAfter, fieldsAfter } from './mergePreview'

export function MergeOutcome({ survivor, gone }: { survivor: Customer360; gone: Customer360 }) {
  const fields = fieldsAfter(survivor, gone)
  const consents = consentsAfter(survivor, gone)
  const moved = [
    gone.bookings?.length && t.merging.bookings(number(gone.bookings.length)),
    gone.conversations?.length && t.merging.conversations(number(gone.conversations.length)),
    gone.payments?.length && t.merging.payments(number(gone.payments.length)),
    gone.notes?.length && t.merging.notes(number(gone.notes.length)),
  ].filter(Boolean)
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600}>
        {t.merging.becomes}
      </Text>
      <Table verticalSpacing={4} aria-label={t.merging.becomes}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.merging.field}</Table.Th>
            <Table.Th>{t.merging.becomes}</Table.Th>
            <Table.Th>{t.merging.from}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {fields.map((field) => (
            <Table.Tr key={field.name}>
              <Table.Td>{humane(field.name)}</Table.Td>
              <Table.Td>
                {field.value}
                {field.lost && (
                  <Text size="xs" c="dimmed">
                    {t.merging.lost(field.lost)}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>{field.from === 'gone' ? t.merging.fromGone : t.merging.fromSurvivor}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {moved.length > 0 && (
        <Text size="sm">
          {t.merging.moved}: {moved.join(', ')}
        </Text>
      )}
      {consents.length > 0 && (
        <Group gap="xs">
          <Text size="sm">{t.merging.consents}:</Text>
          {consents.map((consent) => (
            <Group gap={4} key={`${consent.channel} ${consent.purpose}`}>
              <Text size="sm">
                {humane(consent.channel)} · {humane(consent.purpose)}
              </Text>
              <Status value={consent.granted ? 'granted' : 'withdrawn'} size="xs" />
            </Group>
          ))}
        </Group>
      )}
    </Stack>
  )
}
