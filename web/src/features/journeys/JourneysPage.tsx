// Journeys: which there are, how each stands, and the way to each.
import { Button, Stack, Text } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useNavigate, useParams } from '@tanstack/react-router'
import type { Item } from '../../api/client'
import { useList } from '../../api/hooks'
import { useMay } from '../../api/session'
import type { Column } from '../../components/DataTable'
import { DataTable } from '../../components/DataTable'
import { number } from '../../components/format'
import { Page } from '../../components/Page'
import { Status } from '../../components/Status'
import { t } from '../../texts'
import { JourneyRecord } from './JourneyRecord'

type Row = Item<'journeys'>
/** The address of one that is not kept yet; no name has a dot. */
export const NEW = 'new.journey'

const COLUMNS: Column<Row>[] = [
  {
    id: 'name',
    header: t.journeys.name,
    width: 'minmax(140px, 2fr)',
    cell: (row) => row.journey,
  },
  {
    id: 'state',
    header: t.journeys.state,
    width: 'minmax(100px, 1fr)',
    cell: (row) => <Status value={row.standing} />,
  },
  {
    id: 'trigger',
    header: t.journeys.trigger,
    width: 'minmax(120px, 1fr)',
    wide: true,
    cell: (row) => row.trigger,
  },
  {
    id: 'open',
    header: t.journeys.open,
    width: '100px',
    align: 'end',
    cell: (row) => number(row.open_runs),
  },
  {
    id: 'finished',
    header: t.journeys.finished,
    width: '90px',
    align: 'end',
    wide: true,
    cell: (row) => number(row.finished_runs),
  },
  {
    id: 'exited',
    header: t.journeys.exited,
    width: '100px',
    align: 'end',
    wide: true,
    cell: (row) => number(row.exited_runs),
  },
]

export function JourneysPage() {
  const { id } = useParams({ strict: false }) as { id?: string }
  return id ? <JourneyRecord key={id} id={id === NEW ? null : id} /> : <Journeys />
}

function Journeys() {
  const navigate = useNavigate()
  const canWrite = useMay()('tenants:configure')
  const found = useList('journeys', {})
  const open = (id: string) => void navigate({ to: '/journeys/{-$id}', params: { id } })
  const add = canWrite && (
    <Button size="xs" leftSection={<IconPlus size={14} />} onClick={() => open(NEW)}>
      {t.journeys.add}
    </Button>
  )
  return (
    <Page title={t.journeys.page} tools={add} fixed>
      <Stack gap="md" style={{ flex: 1, minHeight: 0 }}>
        <Text size="sm" c="dimmed" px="md">
          {t.journeys.why}
        </Text>
        <DataTable
          label={t.journeys.list}
          rows={found.rows}
          found={found}
          columns={COLUMNS}
          idOf={(row) => row.journey}
          onOpen={(row) => open(row.journey)}
          empty={{ title: t.journeys.none, why: t.journeys.noneWhy }}
        />
      </Stack>
    </Page>
  )
}
