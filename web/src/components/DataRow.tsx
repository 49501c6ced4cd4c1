// One row of a long list. Scrolling draws the list many times a second, and a row only when it has changed.
import { memo } from 'react'
import type { Column } from './DataTable'
import css from './DataTable.module.css'

interface Props<R> {
  row: R
  id: string
  index: number
  /** Pixels from the list's top. */
  start: number
  columns: Column<R>[]
  tracks: string
  isOpen: boolean
  isCurrent: boolean
  onRow: (row: R, index: number, how: 'open' | 'focus' | 'down' | 'up') => void
  tickLabel?: string
  isTicked?: boolean
  onTick?: (id: string, ticked: boolean) => void
}

export const DataRow = memo(function DataRow<R>(props: Props<R>) {
  const { row, id, index, columns, onRow, onTick } = props
  return (
    <div
      role="row"
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={props.isOpen}
      tabIndex={props.isCurrent ? 0 : -1}
      className={css.row}
      style={{ gridTemplateColumns: props.tracks, transform: `translateY(${props.start}px)` }}
      onClick={() => onRow(row, index, 'open')}
      onFocus={() => onRow(row, index, 'focus')}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.target === event.currentTarget) onRow(row, index, 'open')
        else if (event.key === 'ArrowDown') onRow(row, index, 'down')
        else if (event.key === 'ArrowUp') onRow(row, index, 'up')
        else return
        event.preventDefault()
      }}
    >
      {onTick && (
        <div role="cell" className={css.tick} onClick={(event) => event.stopPropagation()}>
          <input
            type="checkbox"
            aria-label={props.tickLabel}
            checked={props.isTicked ?? false}
            onChange={(event) => onTick(id, event.currentTarget.checked)}
          />
        </div>
      )}
      {columns.map((column) => (
        <div role="cell" key={column.id} className={css.cell} data-align={column.align}>
          {column.cell(row)}
        </div>
      ))}
    </div>
  )
}) as <R>(props: Props<R>) => React.ReactNode
