// All customers, found by words, tags and where they came from.
import { Badge, Button, Group, Select, Switch, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconDownload, IconFileImport, IconPlus } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import type { Item, Params } from '../../api/client'
import { query } from '../../api/client'
import { useList } from '../../api/hooks'
import { useMay } from '../../api/session'
import type { Column } from '../../components/DataTable'
import { ColumnChoice, DataTable } from '../../components/DataTable'
import { Page } from '../../components/Page'
import { usePanel } from '../../components/panel'
import { hiddenBy, SavedViews, textsOf } from '../../components/SavedViews'
import { useFilters } from '../../components/useFilters'
import { When } from '../../components/When'
import { ActionButton } from '../../registry/ActionButton'
import { useActions } from '../../registry/actions'
import { humane, t } from '../../texts'
import { BulkBar } from './BulkBar'
import { exportCsv } from './exportCsv'

type Row = Item<'customers'>
type Source = NonNullable<Params<'customers'>['source']>

interface Search {
  search?: string
  tag?: string
  source?: Source
  duplicate?: string
  sort?: string
  status?: string
}

const SOURCES: Source[] = ['ai_chat', 'web', 'phone', 'admin', 'import']

const COLUMNS: Column<Row>[] = [
  {
    id: 'name',
    header: t.customers.name,
    width: 'minmax(150px, 1.6fr)',
    sort: 'last_name',
    cell: (row) => (
      <Group gap={6} wrap="nowrap">
        {row.name || t.unknownName}
        {row.possible_duplicate && (
          <Badge size="xs" color="orange" variant="light">
            {t.customers.duplicate}
          </Badge>
        )}
      </Group>
    ),
  },
  {
    id: 'email',
    header: t.customers.email,
    width: 'minmax(150px, 2fr)',
    wide: true,
    cell: (row) => row.email ?? '—',
  },
  { id: 'phone', header: t.customers.phone, width: 'minmax(140px, 1fr)', cell: (row) => row.phone ?? '—' },
  {
    id: 'tags',
    header: t.customers.tags,
    width: 'minmax(100px, 1.4fr)',
    wide: true,
    cell: (row) => row.tags.join(', ') || '—',
  },
  { id: 'source', header: t.customers.source, width: '90px', wide: true, cell: (row) => humane(row.source) },
  {
    id: 'since',
    header: t.customers.since,
    width: '112px',
    sort: 'created_at',
    wide: true,
    cell: (row) => <When at={row.created_at} relative />,
  },
]

/** The query's parameters by their names in the address. */
const NAMES = {
  search: 'search',
  tag: 'tag',
  source: 'source',
  possible_duplicate: 'duplicate',
  status: 'status',
}

/** What the server can sort by; the last name has one direction only. */
const SORTS = ['-created_at', 'created_at', 'last_name']

export function CustomersPage() {
  const { filters, set, hidden, setHidden } = useFilters<Search>()
  const { place, open } = usePanel()
  const navigate = useNavigate()
  const box = useRef<HTMLInputElement>(null)
  const search = useDebouncedCallback(
    (text: string) => set({ search: text || undefined } as Partial<Search>),
    200,
  )
  const params = listParams(filters)
  const found = useList('customers', params)
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set())
  const mayWrite = useMay()('customers:write')
  const { sort: order, ...filter } = params
  const create = {
    id: 'customers.new',
    title: t.customers.create,
    section: t.sections.create,
    keys: 'n',
    run: () => open('new-customer'),
  }
  useActions([
    create,
    {
      id: 'customers.find',
      title: t.actions.search,
      section: t.sections.here,
      keys: 'f',
      run: () => box.current?.focus(),
    },
    {
      id: 'customers.full',
      title: t.actions.openPage,
      section: t.sections.here,
      keys: 'o',
      run: () => {
        if (place?.kind === 'customer') void navigate({ to: '/customers/$id', params: { id: place.id } })
      },
    },
  ])
  return (
    <Page
      title={t.pages.customers}
      fixed
      tools={
        <>
          <TextInput
            ref={box}
            size="xs"
            type="search"
            aria-label={t.customers.search}
            placeholder={t.customers.search}
            defaultValue={filters.search ?? ''}
            onChange={(event) => search(event.currentTarget.value)}
          />
          <Select
            size="xs"
            w={120}
            clearable
            visibleFrom="sm"
            aria-label={t.customers.source}
            placeholder={t.customers.source}
            value={filters.source ?? null}
            data={SOURCES.map((source) => ({ value: source, label: humane(source) }))}
            onChange={(source) => set({ source: (source as Source | null) ?? undefined } as Partial<Search>)}
          />
          <Switch
            size="xs"
            label={t.customers.duplicates}
            checked={filters.duplicate === 'true'}
            onChange={(event) =>
              set({ duplicate: event.currentTarget.checked ? 'true' : undefined } as Partial<Search>)
            }
          />
          <SavedViews
            query="customers"
            filters={filter}
            sort={order}
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
          {mayWrite && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconFileImport size={14} />}
              visibleFrom="md"
              onClick={() => void navigate({ to: '/customers/imports/{-$id}' })}
            >
              {t.imports.open}
            </Button>
          )}
          <Button
            size="xs"
            variant="default"
            leftSection={<IconDownload size={14} />}
            visibleFrom="md"
            onClick={() =>
              void exportCsv(`/queries/customers${query(params as Record<string, unknown>)}`, 'customers.csv')
            }
          >
            {t.customers.export}
          </Button>
          <ActionButton action={create} icon={<IconPlus size={14} />} />
        </>
      }
    >
      <BulkBar
        ids={ticked}
        hasMore={found.hasNextPage}
        filter={params}
        onClear={() => setTicked(new Set())}
      />
      <DataTable
        label={t.pages.customers}
        rows={found.rows}
        found={found}
        columns={COLUMNS}
        idOf={(row) => row.customer_id}
        openId={place?.kind === 'customer' ? place.id : undefined}
        onOpen={(row) => open('customer', row.customer_id)}
        sort={params.sort ?? '-created_at'}
        onSort={(next) => set({ sort: SORTS.includes(next) ? next : next.replace('-', '') })}
        hidden={hidden}
        {...(mayWrite && {
          selection: {
            ids: ticked,
            onChange: setTicked,
            nameOf: (row: Row) => row.name || t.unknownName,
          },
        })}
        empty={{ title: t.customers.emptyTitle, why: t.customers.emptyWhy }}
      />
    </Page>
  )
}

function listParams(filters: Search): Omit<Params<'customers'>, 'cursor'> {
  return {
    ...(filters.search && { search: filters.search }),
    ...(filters.tag && { tag: filters.tag }),
    ...(filters.source && { source: filters.source }),
    ...(filters.duplicate && { possible_duplicate: true }),
    ...(filters.status === 'archived' && { status: 'archived' as const }),
    ...(filters.sort && SORTS.includes(filters.sort) && { sort: filters.sort as '-created_at' }),
  }
}
