// Every payment, the newest first; what fits a booking is suggested beside it.
import { Badge, Group, Select, Switch } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import type { Item, Params } from '../../api/client'
import { useList } from '../../api/hooks'
import type { Column } from '../../components/DataTable'
import { ColumnChoice, DataTable } from '../../components/DataTable'
import { money } from '../../components/format'
import { Page } from '../../components/Page'
import { usePanel } from '../../components/panel'
import { hiddenBy, SavedViews, textsOf } from '../../components/SavedViews'
import { Status } from '../../components/Status'
import { useFilters } from '../../components/useFilters'
import { When } from '../../components/When'
import { ActionButton } from '../../registry/ActionButton'
import { useActions } from '../../registry/actions'
import { humane, t } from '../../texts'

type Row = Item<'payments-feed'>

interface Search {
  status?: Row['status']
  provider?: string
  flagged?: string
  sort?: NonNullable<Params<'payments-feed'>['sort']>
}

const STATUSES: Row['status'][] = ['received', 'matched', 'refunded']

const COLUMNS: Column<Row>[] = [
  {
    id: 'amount',
    header: t.payments.amount,
    width: '116px',
    align: 'end',
    cell: (row) => money(row.amount.amount_minor, row.amount.currency),
  },
  {
    id: 'customer',
    header: t.payments.customer,
    width: 'minmax(130px, 1.6fr)',
    cell: (row) => (
      <Group gap={6} wrap="nowrap">
        {row.customer_name || row.memo || '—'}
        {row.suggestions.length > 0 && (
          <Badge size="xs" variant="light">
            {t.payments.suggestions}
          </Badge>
        )}
      </Group>
    ),
  },
  {
    id: 'status',
    header: t.payments.status,
    width: 'minmax(116px, 1fr)',
    cell: (row) => <Status value={row.status} />,
  },
  {
    id: 'method',
    header: t.payments.method,
    width: 'minmax(100px, 1fr)',
    wide: true,
    cell: (row) => humane(row.method),
  },
  {
    id: 'provider',
    header: t.payments.provider,
    width: '90px',
    wide: true,
    cell: (row) => humane(row.provider),
  },
  {
    id: 'memo',
    header: t.payments.memo,
    width: 'minmax(120px, 1.6fr)',
    wide: true,
    cell: (row) => row.memo ?? '—',
  },
  {
    id: 'received',
    header: t.payments.received,
    width: '150px',
    sort: 'received_at',
    wide: true,
    cell: (row) => <When at={row.received_at} />,
  },
]

/** The query's parameters by their names in the address. */
const NAMES = { status: 'status', provider: 'provider', flagged: 'flagged' }

export function PaymentsPage() {
  const { filters, set, hidden, setHidden } = useFilters<Search>()
  const { place, open } = usePanel()
  const sort = filters.sort ?? '-received_at'
  const filter = {
    ...(filters.status && { status: filters.status }),
    ...(filters.provider && { provider: filters.provider }),
    ...(filters.flagged && { flagged: true }),
  }
  const found = useList('payments-feed', { sort, ...filter })
  const record = {
    id: 'payments.new',
    title: t.payments.record,
    keys: 'n',
    section: t.sections.create,
    run: () => open('new-payment'),
  }
  useActions([record])
  return (
    <Page
      title={t.pages.payments}
      fixed
      tools={
        <>
          <Select
            size="xs"
            w={130}
            clearable
            aria-label={t.payments.status}
            placeholder={t.payments.status}
            value={filters.status ?? null}
            data={STATUSES.map((status) => ({ value: status, label: humane(status) }))}
            onChange={(status) =>
              set({ status: (status as Row['status'] | null) ?? undefined } as Partial<Search>)
            }
          />
          <Switch
            size="xs"
            label={t.payments.flags}
            checked={filters.flagged === 'true'}
            onChange={(event) =>
              set({ flagged: event.currentTarget.checked ? 'true' : undefined } as Partial<Search>)
            }
          />
          <SavedViews
            query="payments-feed"
            filters={filter}
            sort={sort}
            columns={COLUMNS.map((column) => column.id).filter((id) => !hidden.includes(id))}
            onApply={(view) =>
              set({
                ...textsOf(view?.filters ?? {}, NAMES),
                sort: view?.sort ?? undefined,
                hide: hiddenBy(view, COLUMNS),
              } as Partial<Search>)
            }
          />
          <ColumnChoice columns={COLUMNS} hidden={hidden} onChange={setHidden} />
          <ActionButton action={record} icon={<IconPlus size={14} />} />
        </>
      }
    >
      <DataTable
        label={t.pages.payments}
        rows={found.rows}
        found={found}
        columns={COLUMNS}
        idOf={(row) => row.payment_id}
        openId={place?.kind === 'payment' ? place.id : undefined}
        onOpen={(row) => open('payment', row.payment_id)}
        sort={sort}
        onSort={(next) => set({ sort: next as Search['sort'] & string })}
        hidden={hidden}
        empty={{ title: t.payments.emptyTitle, why: t.payments.emptyWhy }}
      />
    </Page>
  )
}
