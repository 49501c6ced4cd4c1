// Who did what, when and with which result; and the proof that none of it was changed.
import { Button, Drawer, Group, Select, Stack, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Item, Params } from '../../api/client'
import { useList } from '../../api/hooks'
import type { Column } from '../../components/DataTable'
import { DataTable } from '../../components/DataTable'
import { Facts, Page } from '../../components/Page'
import { Status } from '../../components/Status'
import { useActorName } from '../../components/useActorName'
import { useFilters } from '../../components/useFilters'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { DownloadProof, Proofs } from './Proofs'
import css from './Audit.module.css'

type Row = Item<'audit'>
type Result = NonNullable<Params<'audit'>['result']>

interface Search {
  actor?: string
  customer_id?: string
  subject?: string
  command?: string
  result?: Result
  from?: string
  until?: string
}

const RESULTS: Result[] = ['done', 'begun', 'failed', 'refused', 'read', 'lost']

function columns(actorName: (actor: string) => string): Column<Row>[] {
  return [
    { id: 'when', header: t.audit.when, width: '150px', cell: (row) => <When at={row.recorded_at} /> },
    {
      id: 'actor',
      header: t.audit.actor,
      width: 'minmax(120px, 1.2fr)',
      wide: true,
      cell: (row) => <span title={row.actor}>{actorName(row.actor)}</span>,
    },
    {
      id: 'action',
      header: t.audit.action,
      width: 'minmax(130px, 1.4fr)',
      cell: (row) => humane(row.action),
    },
    {
      id: 'subject',
      header: t.audit.subject,
      width: 'minmax(140px, 1.2fr)',
      wide: true,
      cell: (row) => `${humane(row.subject_type)} …${row.subject_id.slice(-8)}`,
    },
    {
      id: 'result',
      header: t.audit.result,
      width: '120px',
      cell: (row) => <Status value={row.result} />,
    },
    {
      id: 'detail',
      header: t.audit.detail,
      width: 'minmax(120px, 1.2fr)',
      wide: true,
      cell: (row) => (row.times > 1 ? `${row.detail ?? ''} × ${row.times}` : (row.detail ?? '—')),
    },
  ]
}

export function AuditPage() {
  const { filters, set } = useFilters<Search>()
  const [open, setOpen] = useState<Row | null>(null)
  const [proofs, setProofs] = useState(false)
  const actorName = useActorName()
  const found = useList('audit', wanted(filters))
  return (
    <Page
      title={t.audit.title}
      fixed
      tools={
        <Button size="xs" variant="default" onClick={() => setProofs(true)}>
          {t.audit.proof}
        </Button>
      }
    >
      <FilterBar filters={filters} set={set} />
      <DataTable
        label={t.audit.title}
        rows={found.rows}
        found={found}
        columns={columns(actorName)}
        idOf={(row) => `${row.position} ${row.command_id}`}
        openId={open ? `${open.position} ${open.command_id}` : undefined}
        onOpen={setOpen}
        empty={{ title: t.audit.emptyTitle, why: t.audit.emptyWhy }}
      />
      <Drawer
        opened={open !== null}
        onClose={() => setOpen(null)}
        position="right"
        title={open && humane(open.action)}
      >
        {open && <Entry row={open} name={actorName(open.actor)} />}
      </Drawer>
      <Drawer
        opened={proofs}
        onClose={() => setProofs(false)}
        position="right"
        title={t.audit.proof}
        size="lg"
      >
        {proofs && <Proofs />}
      </Drawer>
    </Page>
  )
}

/** The filters as the query takes them; a day means its beginning in the reader's zone. */
function wanted({ from, until, ...others }: Search): Omit<Params<'audit'>, 'cursor'> {
  const kept = Object.fromEntries(
    (['actor', 'customer_id', 'subject', 'command', 'result'] as const)
      .filter((name) => others[name])
      .map((name) => [name, others[name]]),
  )
  const moment = (day: string | undefined) => {
    const at = day ? new Date(`${day}T00:00`) : null
    return at && !Number.isNaN(at.getTime()) ? at.toISOString() : undefined
  }
  const [since, before] = [moment(from), moment(until)]
  return { ...kept, ...(since && { from: since }), ...(before && { until: before }) }
}

interface BarProps {
  filters: Search
  set: (change: Partial<Search>) => void
}

function FilterBar({ filters, set }: BarProps) {
  const narrow = (name: 'actor' | 'command' | 'customer_id' | 'subject', label: string) => (
    <TextInput
      key={`${name} ${filters[name] ?? ''}`}
      size="xs"
      label={label}
      defaultValue={filters[name] ?? ''}
      onBlur={(event) => set({ [name]: event.currentTarget.value.trim() || undefined })}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur()
      }}
    />
  )
  const day = (name: 'from' | 'until', label: string) => (
    <TextInput
      size="xs"
      type="date"
      label={label}
      value={filters[name] ?? ''}
      onChange={(event) => set({ [name]: event.currentTarget.value || undefined })}
    />
  )
  return (
    <div className={css.filters}>
      {narrow('actor', t.audit.actor)}
      {narrow('command', t.audit.action)}
      {narrow('customer_id', t.audit.customer)}
      {narrow('subject', t.audit.subject)}
      <Select
        size="xs"
        clearable
        label={t.audit.result}
        placeholder={t.audit.anyResult}
        value={filters.result ?? null}
        data={RESULTS.map((result) => ({ value: result, label: humane(result) }))}
        onChange={(result) => set({ result: (result as Result | null) ?? undefined } as Partial<Search>)}
      />
      {day('from', t.audit.from)}
      {day('until', t.audit.until)}
    </div>
  )
}

function Entry({ row, name }: { row: Row; name: string }) {
  const navigate = useNavigate()
  const mono = (text: string) => <span className="mono">{text}</span>
  return (
    <Stack>
      <Facts
        facts={[
          [t.audit.when, <When key="when" at={row.recorded_at} />],
          [t.audit.actor, name === row.actor ? mono(name) : `${name} (${row.actor})`],
          [t.audit.action, row.action],
          [t.audit.subject, mono(`${row.subject_type} ${row.subject_id}`)],
          [t.audit.result, <Status key="result" value={row.result} />],
          [t.audit.detail, row.detail],
          [t.audit.times, row.times],
          [t.audit.position, row.position],
          [t.audit.command, mono(row.command_id)],
        ]}
      />
      <Group gap={6}>
        <DownloadProof position={row.position} />
        {row.subject_type === 'customer' && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => void navigate({ to: '/customers/$id', params: { id: row.subject_id } })}
          >
            {t.audit.openCustomer}
          </Button>
        )}
        <Button
          size="compact-sm"
          variant="default"
          onClick={() =>
            void navigate({
              to: '/system/{-$view}',
              params: { view: 'events' },
              search: { stream: row.subject_id },
            })
          }
        >
          {t.audit.inLog}
        </Button>
      </Group>
    </Stack>
  )
}
