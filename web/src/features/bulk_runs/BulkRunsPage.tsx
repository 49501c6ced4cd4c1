// Bulk runs: what was sent for many in the background, how far each is, and what came of it.
import { Progress } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import type { Item } from '../../api/client'
import { useList } from '../../api/hooks'
import { seenTo } from '../../components/BulkProgress'
import type { Column } from '../../components/DataTable'
import { DataTable } from '../../components/DataTable'
import { number } from '../../components/format'
import { Page } from '../../components/Page'
import { Status } from '../../components/Status'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { BulkRunRecord } from './BulkRunRecord'

type Row = Item<'bulk-runs'>

const COLUMNS: Column<Row>[] = [
  {
    id: 'what',
    header: t.bulkRuns.what,
    width: 'minmax(140px, 2fr)',
    cell: (row) => what(row),
  },
  {
    id: 'state',
    header: t.bulkRuns.state,
    width: 'minmax(100px, 1fr)',
    cell: (row) => <Status value={row.standing} />,
  },
  {
    id: 'progress',
    header: t.bulkRuns.progress,
    width: 'minmax(110px, 1fr)',
    cell: (row) =>
      row.standing === 'running' ? (
        <Progress
          value={(100 * seenTo(row)) / Math.max(row.total, 1)}
          animated
          aria-label={t.bulkRuns.running}
        />
      ) : (
        t.bulkRuns.of(number(seenTo(row)), number(row.total))
      ),
  },
  {
    id: 'failed',
    header: t.bulkRuns.failed,
    width: '80px',
    align: 'end',
    wide: true,
    cell: (row) => number(row.failed),
  },
  {
    id: 'when',
    header: t.bulkRuns.when,
    width: '130px',
    wide: true,
    cell: (row) => <When at={row.started_at} relative />,
  },
]

/** The command with what it sets: "Tag customer: vip". */
export function what(run: Pick<Row, 'command' | 'body'>): string {
  const said = Object.values(run.body).map(String).join(', ')
  return said ? `${humane(run.command)}: ${said}` : humane(run.command)
}

export function BulkRunsPage() {
  const { id } = useParams({ strict: false }) as { id?: string }
  return id ? <BulkRunRecord key={id} id={id} /> : <Runs />
}

function Runs() {
  const navigate = useNavigate()
  const found = useList('bulk-runs', {})
  return (
    <Page title={t.bulkRuns.page} fixed>
      <DataTable
        label={t.bulkRuns.list}
        rows={found.rows}
        found={found}
        columns={COLUMNS}
        idOf={(row) => row.run_id}
        onOpen={(row) => void navigate({ to: '/customers/runs/{-$id}', params: { id: row.run_id } })}
        empty={{ title: t.bulkRuns.none, why: t.bulkRuns.noneWhy }}
      />
    </Page>
  )
}
