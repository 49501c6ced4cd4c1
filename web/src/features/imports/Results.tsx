// What became of the rows, to look through and to take away.
import { Anchor, Button, Group, Select, Table } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Params } from '../../api/client'
import { query, send } from '../../api/client'
import { useList } from '../../api/hooks'
import { Part, ProblemNote, Waiting } from '../../components/Page'
import { Status } from '../../components/Status'
import { t } from '../../texts'
import type { ImportRow } from './ImportsPage'

type Standing = NonNullable<Params<'import-rows'>['standing']>
const STANDINGS = Object.keys(t.imports.counts) as Standing[]

export function Results({ item }: { item: ImportRow }) {
  const [standing, setStanding] = useState<Standing | null>(null)
  const [busy, setBusy] = useState(false)
  const filter = { import_id: item.import_id, ...(standing && { standing }) }
  const found = useList('import-rows', filter as Omit<Params<'import-rows'>, 'cursor'>)
  const download = async () => {
    setBusy(true)
    await takeAway(filter).finally(() => setBusy(false))
  }
  return (
    <Part
      title={t.imports.rows}
      tools={
        <>
          <Select
            size="xs"
            w={150}
            clearable
            aria-label={t.imports.state}
            placeholder={t.imports.all}
            value={standing}
            data={STANDINGS.map((one) => ({ value: one, label: t.imports.counts[one] }))}
            onChange={(one) => setStanding(one as Standing | null)}
          />
          <Button
            size="xs"
            variant="default"
            loading={busy}
            leftSection={<IconDownload size={14} />}
            onClick={() => void download()}
          >
            {t.imports.download}
          </Button>
        </>
      }
    >
      {found.problem && <ProblemNote problem={found.problem} onRetry={() => void found.refetch()} />}
      {found.isPending && <Waiting />}
      <Table.ScrollContainer minWidth={520} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table fz="sm" aria-label={t.imports.rows}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t.imports.row}</Table.Th>
              <Table.Th>{t.imports.state}</Table.Th>
              <Table.Th>{t.imports.customer}</Table.Th>
              <Table.Th>{t.imports.file}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.rows.map((row) => (
              <Table.Tr key={row.row}>
                <Table.Td>{row.row}</Table.Td>
                <Table.Td>
                  <Status value={row.standing} /> {row.detail ?? row.code}
                </Table.Td>
                <Table.Td>
                  {row.customer_id && (
                    <Anchor
                      size="sm"
                      renderRoot={(props) => (
                        <Link to="/customers/$id" params={{ id: row.customer_id ?? '' }} {...props} />
                      )}
                    >
                      {t.actions.open}
                    </Anchor>
                  )}
                </Table.Td>
                <Table.Td>{row.cells?.filter(Boolean).join(' · ') ?? '—'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {found.hasNextPage && (
        <Group justify="center" mt="xs">
          <Button
            size="xs"
            variant="subtle"
            loading={found.isFetchingNextPage}
            onClick={() => void found.fetchNextPage()}
          >
            {t.actions.next}
          </Button>
        </Group>
      )}
    </Part>
  )
}

/** All pages as one file. The server makes each cell safe for spreadsheets. */
async function takeAway(filter: Record<string, unknown>) {
  const parts: string[] = []
  let cursor: string | null = null
  do {
    const asked: Record<string, unknown> = { ...filter, limit: 200, ...(cursor && { cursor }) }
    const response: Response = await fetch(`/queries/import-rows${query(asked)}`, {
      headers: { accept: 'text/csv' },
      credentials: 'same-origin',
    })
    if (!response.ok) {
      // Told as any other refusal.
      await send('GET', `/queries/import-rows${query(asked)}`)
      return
    }
    const text = await response.text()
    parts.push(parts.length === 0 ? text : text.slice(text.indexOf('\n') + 1))
    cursor = response.headers.get('x-next-cursor')
  } while (cursor)
  const url = URL.createObjectURL(new Blob(parts, { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = url
  link.download = 'import-rows.csv'
  link.click()
  URL.revokeObjectURL(url)
}
