// A list of any length: the server sorts and filters, the screen holds only the rows that are seen. J and K walk through
// it, Enter opens; with a record open beside it, walking opens the next one.
import { Button, Checkbox, Group, Loader, Popover, Stack, Text, UnstyledButton } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconArrowDown, IconArrowUp, IconColumns3 } from '@tabler/icons-react'
import { columnVisibilityFeature, createColumnHelper, tableFeatures, useTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import type { ReactNode } from 'react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Problem } from '../api/client'
import { t } from '../texts'
import { useWalk } from './useWalk'
import { number } from './format'
import { Empty, ProblemNote, Waiting } from './Page'
import { DataRow } from './DataRow'
import css from './DataTable.module.css'

export interface Column<R> {
  id: string
  header: string
  cell: (row: R) => ReactNode
  /** A track of a CSS grid, such as `minmax(120px, 2fr)`. */
  width: string
  /** The server's name for sorting by it. */
  sort?: string
  /** Left out where the screen is narrow. */
  wide?: boolean
  align?: 'end'
}

interface Props<R> {
  label: string
  rows: R[]
  columns: Column<R>[]
  idOf: (row: R) => string
  found: {
    isPending: boolean
    isPlaceholderData: boolean
    problem: Problem | null
    hasNextPage: boolean
    isFetchingNextPage: boolean
    fetchNextPage: () => unknown
    refetch: () => unknown
  }
  empty: { title: string; why: string; act?: ReactNode }
  /** The record that is open beside the list. */
  openId?: string | undefined
  onOpen: (row: R) => void
  sort?: string | undefined
  onSort?: (sort: string) => void
  hidden?: string[]
  /** Which rows are ticked, where rows can be. */
  selection?: Selection<R>
}

export interface Selection<R> {
  ids: ReadonlySet<string>
  onChange: (ids: Set<string>) => void
  nameOf: (row: R) => string
}

const ROW_PX = 40
/** Rows before the end at which the next page is asked for. */
const AHEAD = 20
/** Rows that are drawn above and below what is seen. */
const OVERSCAN = 8
const features = tableFeatures({ columnVisibilityFeature })
/** The table knows its columns; the rows, of which there may be very many, are drawn from the list itself. */
const NO_ROWS: never[] = []
const NOTHING: string[] = []

export function DataTable<R extends object>(props: Props<R>) {
  const { rows, columns, idOf, found, empty, openId, onOpen } = props
  const narrow = useMediaQuery('(max-width: 700px)', false, { getInitialValueInEffect: false })
  const scroll = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState(0)
  const shown = useColumns(columns, props.hidden ?? NOTHING, narrow)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
  })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = found
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= rows.length - AHEAD) fetchNextPage()
  }, [last, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage])

  const current = openId === undefined ? at : rows.findIndex((row) => idOf(row) === openId)
  const isTicked = props.selection?.ids
  const tick = useTick(props.selection)
  const walk = (step: number) => {
    const next = Math.min(Math.max(current + step, 0), rows.length - 1)
    const row = rows[next]
    if (!row) return
    setAt(next)
    virtual.scrollToIndex(next)
    if (openId !== undefined) onOpen(row)
    // The row may be drawn only once it has been scrolled to.
    requestAnimationFrame(() => scroll.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus())
  }
  // Rows are drawn again only when something about them has changed, so what they call stays the same.
  const latest = useRef({ walk, onOpen })
  useEffect(() => {
    latest.current = { walk, onOpen }
  })
  const onRow = useCallback((row: R, index: number, how: 'open' | 'focus' | 'down' | 'up') => {
    if (how === 'down' || how === 'up') latest.current.walk(how === 'down' ? 1 : -1)
    else setAt(index)
    if (how === 'open') latest.current.onOpen(row)
  }, [])
  useWalk(walk)

  if (found.problem && rows.length === 0)
    return <ProblemNote problem={found.problem} onRetry={() => found.refetch()} />
  if (found.isPending) return <Waiting rows={12} />
  if (rows.length === 0) {
    return (
      <Empty title={empty.title} why={empty.why}>
        {empty.act}
      </Empty>
    )
  }
  const { selection } = props
  const tracks = [...(selection ? ['36px'] : []), ...shown.map((column) => column.width)].join(' ')
  return (
    <>
      <div className={css.scroll} ref={scroll} data-stale={found.isPlaceholderData || undefined}>
        <div
          role="table"
          aria-label={props.label}
          aria-rowcount={hasNextPage ? -1 : rows.length + 1}
          style={{ minWidth: leastWidth(shown) }}
        >
          <div role="rowgroup" className={css.heads}>
            <div role="row" className={css.row} style={{ gridTemplateColumns: tracks }}>
              {selection && (
                <div role="columnheader" className={css.tick}>
                  <Checkbox
                    size="xs"
                    aria-label={t.bulk.selectAll}
                    checked={selection.ids.size > 0 && rows.every((row) => selection.ids.has(idOf(row)))}
                    indeterminate={
                      selection.ids.size > 0 && rows.some((row) => !selection.ids.has(idOf(row)))
                    }
                    onChange={(event) =>
                      selection.onChange(new Set(event.currentTarget.checked ? rows.map(idOf) : []))
                    }
                  />
                </div>
              )}
              {shown.map((column) => (
                <Head key={column.id} column={column} sort={props.sort} onSort={props.onSort} />
              ))}
            </div>
          </div>
          <div role="rowgroup" className={css.body} style={{ height: virtual.getTotalSize() }}>
            {items.map((item) => {
              const row = rows[item.index]
              if (!row) return null
              const id = idOf(row)
              return (
                <DataRow
                  key={id}
                  row={row}
                  id={id}
                  index={item.index}
                  start={item.start}
                  columns={shown}
                  tracks={tracks}
                  isOpen={id === openId}
                  isCurrent={item.index === Math.max(current, 0)}
                  onRow={onRow}
                  {...(selection && {
                    tickLabel: t.bulk.select(selection.nameOf(row)),
                    isTicked: isTicked?.has(id) ?? false,
                    onTick: tick,
                  })}
                />
              )
            })}
          </div>
        </div>
      </div>
      <Group className={css.foot} gap="xs">
        <Text size="xs" c="dimmed">
          {hasNextPage ? t.table.some(number(rows.length)) : t.table.all(number(rows.length))}
        </Text>
        {isFetchingNextPage && <Loader size={12} aria-label={t.table.loadingMore} />}
      </Group>
    </>
  )
}

/** Ticks and unticks rows; the same function however often the list is drawn. */
function useTick<R>(selection: Selection<R> | undefined) {
  const latest = useRef(selection)
  useEffect(() => {
    latest.current = selection
  })
  return useCallback((id: string, ticked: boolean) => {
    const ids = new Set(latest.current?.ids)
    if (ticked) ids.add(id)
    else ids.delete(id)
    latest.current?.onChange(ids)
  }, [])
}

function useColumns<R extends object>(columns: Column<R>[], hidden: string[], narrow: boolean): Column<R>[] {
  const defined = useMemo(() => {
    const helper = createColumnHelper<typeof features, R>()
    return columns.map((column) => helper.display({ id: column.id, header: column.header }))
  }, [columns])
  const columnVisibility = useMemo(
    () =>
      Object.fromEntries(
        columns.map((column) => [column.id, !hidden.includes(column.id) && !(narrow && column.wide)]),
      ),
    [columns, hidden, narrow],
  )
  const table = useTable({ features, columns: defined, data: NO_ROWS as R[], state: { columnVisibility } })
  const names = table
    .getVisibleLeafColumns()
    .map((column) => column.id)
    .join(' ')
  return useMemo(() => {
    const visible = names.split(' ')
    return columns.filter((column) => visible.includes(column.id))
  }, [columns, names])
}

function Head<R>({
  column,
  sort,
  onSort,
}: {
  column: Column<R>
  sort: string | undefined
  onSort: ((sort: string) => void) | undefined
}) {
  const named = column.sort
  if (!named || !onSort) {
    return (
      <div role="columnheader" className={css.head} data-align={column.align}>
        {column.header}
      </div>
    )
  }
  const order = sort === named ? 'ascending' : sort === `-${named}` ? 'descending' : 'none'
  return (
    <div role="columnheader" className={css.head} data-align={column.align} aria-sort={order}>
      <UnstyledButton
        fz="inherit"
        fw="inherit"
        aria-label={t.table.sort(column.header)}
        onClick={() => onSort(order === 'descending' ? named : `-${named}`)}
      >
        <Group gap={4} wrap="nowrap">
          {column.header}
          {order === 'ascending' && <IconArrowUp size={13} />}
          {order === 'descending' && <IconArrowDown size={13} />}
        </Group>
      </UnstyledButton>
    </div>
  )
}

/** What the columns need at least, in pixels: the first length that each track names. */
function leastWidth<R>(columns: Column<R>[]): number {
  return columns.reduce((sum, column) => sum + Number(/(\d+)px/.exec(column.width)?.[1] ?? 0), 0)
}

/** Chooses which columns are shown; the choice belongs into the address. */
export function ColumnChoice<R>({
  columns,
  hidden,
  onChange,
}: {
  columns: Column<R>[]
  hidden: string[]
  onChange: (hidden: string[]) => void
}) {
  return (
    <Popover position="bottom-end" withinPortal>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<IconColumns3 size={14} />} visibleFrom="sm">
          {t.actions.columns}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          {columns.slice(1).map((column) => (
            <Checkbox
              size="xs"
              key={column.id}
              label={column.header}
              checked={!hidden.includes(column.id)}
              onChange={(event) =>
                onChange(
                  event.currentTarget.checked
                    ? hidden.filter((id) => id !== column.id)
                    : [...hidden, column.id],
                )
              }
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
