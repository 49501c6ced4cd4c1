// All bookings: as a table or by status, narrowed by the address.
import { SegmentedControl, Select, Switch, TextInput } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import type { Item, Params } from '../../api/client'
import { useList } from '../../api/hooks'
import type { Column } from '../../components/DataTable'
import { ColumnChoice, DataTable } from '../../components/DataTable'
import { day, money } from '../../components/format'
import { Page } from '../../components/Page'
import { usePanel } from '../../components/panel'
import { hiddenBy, SavedViews, textsOf } from '../../components/SavedViews'
import { Status } from '../../components/Status'
import { useFilters } from '../../components/useFilters'
import { useTenant } from '../../components/useTenant'
import { When } from '../../components/When'
import { ActionButton } from '../../registry/ActionButton'
import { useActions } from '../../registry/actions'
import { humane, t } from '../../texts'
import { BookingsBoard } from './BookingsBoard'

export type BookingRow = Item<'bookings'>

interface Search {
  status?: BookingRow['status']
  zone?: string
  source?: BookingRow['source']
  from?: string
  to?: string
  flagged?: string
  sort?: string
  as?: string
}

export const STATUSES: BookingRow['status'][] = [
  'deposit_pending',
  'new',
  'confirmed',
  'completed',
  'cancelled',
  'expired',
  'no_show',
]

const COLUMNS: Column<BookingRow>[] = [
  {
    id: 'customer',
    header: t.bookings.customer,
    width: 'minmax(140px, 2fr)',
    cell: (row) => row.customer_name || t.unknownName,
  },
  {
    id: 'when',
    header: t.bookings.when,
    width: 'minmax(164px, 1.2fr)',
    sort: 'starts_at',
    cell: (row) => `${day(row.date)}, ${row.slot}`,
  },
  {
    id: 'status',
    header: t.bookings.status,
    width: 'minmax(150px, 1fr)',
    cell: (row) => <Status value={row.status} />,
  },
  {
    id: 'guests',
    header: t.bookings.party,
    width: '78px',
    align: 'end',
    wide: true,
    cell: (row) => row.guests,
  },
  {
    id: 'chef',
    header: t.bookings.chef,
    width: 'minmax(110px, 1.2fr)',
    wide: true,
    cell: (row) => row.chef?.name ?? '—',
  },
  {
    id: 'zone',
    header: t.bookings.zone,
    width: 'minmax(90px, 1fr)',
    wide: true,
    cell: (row) => humane(row.zone),
  },
  {
    id: 'total',
    header: t.bookings.total,
    width: '100px',
    align: 'end',
    wide: true,
    cell: (row) => money(row.total.amount_minor, row.total.currency),
  },
  {
    id: 'balance',
    header: t.bookings.balance,
    width: '100px',
    align: 'end',
    wide: true,
    cell: (row) => money(row.balance.amount_minor, row.balance.currency),
  },
  {
    id: 'made',
    header: t.bookings.made,
    width: '100px',
    sort: 'created_at',
    wide: true,
    cell: (row) => <When at={row.created_at} relative />,
  },
]

export function BookingsPage() {
  const { filters, set, hidden, setHidden } = useFilters<Search>()
  const { place, open } = usePanel()
  const asBoard = filters.as === 'board'
  const create = {
    id: 'bookings.new',
    title: t.bookings.create,
    section: t.sections.create,
    keys: 'n',
    run: () => open('new-booking'),
  }
  const navigate = useNavigate()
  useActions([
    create,
    {
      id: 'bookings.as',
      title: asBoard ? t.bookings.table : t.bookings.board,
      section: t.sections.here,
      keys: 'v',
      run: () => set({ as: asBoard ? undefined : 'board' } as Partial<Search>),
    },
    {
      id: 'bookings.full',
      title: t.actions.openPage,
      section: t.sections.here,
      keys: 'o',
      run: () => {
        if (place?.kind === 'booking') void navigate({ to: '/bookings/$id', params: { id: place.id } })
      },
    },
  ])
  return (
    <Page
      title={t.pages.bookings}
      fixed
      tools={
        <>
          <BookingFilters filters={filters} set={set} />
          <SavedViews
            query="bookings"
            filters={{ ...listParams(filters), ...(filters.status && { status: filters.status }) }}
            sort={filters.sort}
            columns={COLUMNS.map((column) => column.id).filter((id) => !hidden.includes(id))}
            onApply={(view) =>
              set({
                ...textsOf(view?.filters ?? {}, NAMES),
                sort: view?.sort ?? undefined,
                hide: hiddenBy(view, COLUMNS),
              } as Partial<Search>)
            }
          />
          {!asBoard && <ColumnChoice columns={COLUMNS} hidden={hidden} onChange={setHidden} />}
          <ActionButton action={create} icon={<IconPlus size={14} />} />
        </>
      }
    >
      {asBoard ? (
        <BookingsBoard filters={listParams(filters)} />
      ) : (
        <BookingsTable filters={filters} set={set} hidden={hidden} />
      )}
    </Page>
  )
}

/** The query's parameters by their names in the address. */
const NAMES = {
  status: 'status',
  zone: 'zone',
  source: 'source',
  date_from: 'from',
  date_to: 'to',
  flagged: 'flagged',
}

function listParams(filters: Search): Omit<Params<'bookings'>, 'cursor'> {
  const { zone, source, from, to, flagged } = filters
  return {
    ...(zone && { zone }),
    ...(source && { source }),
    ...(from && { date_from: from }),
    ...(to && { date_to: to }),
    ...(flagged && { flagged: true }),
  }
}

function BookingsTable({
  filters,
  set,
  hidden,
}: {
  filters: Search
  set: (change: Partial<Search>) => void
  hidden: string[]
}) {
  const { place, open } = usePanel()
  const sort = (filters.sort ?? '-created_at') as NonNullable<Params<'bookings'>['sort']>
  const found = useList('bookings', {
    ...listParams(filters),
    ...(filters.status && { status: filters.status }),
    sort,
  })
  return (
    <DataTable
      label={t.pages.bookings}
      rows={found.rows}
      found={found}
      columns={COLUMNS}
      idOf={(row) => row.booking_id}
      openId={place?.kind === 'booking' ? place.id : undefined}
      onOpen={(row) => open('booking', row.booking_id)}
      sort={sort}
      onSort={(next) => set({ sort: next })}
      hidden={hidden}
      empty={{ title: t.bookings.emptyTitle, why: t.bookings.emptyWhy }}
    />
  )
}

function BookingFilters({ filters, set }: { filters: Search; set: (change: Partial<Search>) => void }) {
  const { settings } = useTenant()
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label={t.bookings.table}
        value={filters.as === 'board' ? 'board' : 'table'}
        onChange={(as) => set({ as: as === 'board' ? as : undefined } as Partial<Search>)}
        data={[
          { value: 'table', label: t.bookings.table },
          { value: 'board', label: t.bookings.board },
        ]}
      />
      {filters.as !== 'board' && (
        <Select
          size="xs"
          w={140}
          aria-label={t.bookings.status}
          placeholder={t.bookings.status}
          clearable
          value={filters.status ?? null}
          data={STATUSES.map((status) => ({ value: status, label: humane(status) }))}
          onChange={(status) => set({ status: status ?? undefined } as Partial<Search>)}
        />
      )}
      <Select
        size="xs"
        w={140}
        aria-label={t.bookings.zone}
        placeholder={t.bookings.zone}
        clearable
        visibleFrom="sm"
        value={filters.zone ?? null}
        data={(settings?.zones ?? []).map(({ zone }) => ({ value: zone, label: humane(zone) }))}
        onChange={(zone) => set({ zone: zone ?? undefined } as Partial<Search>)}
      />
      <TextInput
        size="xs"
        type="date"
        aria-label={t.bookings.from}
        title={t.bookings.from}
        visibleFrom="md"
        value={filters.from ?? ''}
        onChange={(event) => set({ from: event.currentTarget.value || undefined } as Partial<Search>)}
      />
      <TextInput
        size="xs"
        type="date"
        aria-label={t.bookings.to}
        title={t.bookings.to}
        visibleFrom="md"
        value={filters.to ?? ''}
        onChange={(event) => set({ to: event.currentTarget.value || undefined } as Partial<Search>)}
      />
      <Switch
        size="xs"
        label={t.bookings.flagged}
        checked={filters.flagged === 'true'}
        onChange={(event) =>
          set({ flagged: event.currentTarget.checked ? 'true' : undefined } as Partial<Search>)
        }
      />
    </>
  )
}
