// The board itself: one row a chef, one column a day, the day's times in each cell.
import { Text, UnstyledButton } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useMay } from '../../api/session'
import { day } from '../../components/format'
import { usePanel } from '../../components/panel'
import { t } from '../../texts'
import type { BoardChef, BoardSlot, Carried, Place } from './moves'
import { useMove } from './useMove'
import css from './Board.module.css'

interface Props {
  chefs: BoardChef[]
  today: string
  onChef?: ((id: string) => void) | undefined
}

export function Board({ chefs, today, onChef }: Props) {
  const [carried, setCarried] = useState<Carried | null>(null)
  const { put, dialog, busy } = useMove()
  const days = chefs[0]?.days.map((column) => column.date) ?? []
  useEffect(() => {
    if (!carried) return
    const drop = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      event.preventDefault()
      setCarried(null)
    }
    document.addEventListener('keydown', drop, true)
    return () => document.removeEventListener('keydown', drop, true)
  }, [carried])
  const onPut = (place: Place) => {
    if (carried) put(carried, place, chefs)
    setCarried(null)
  }
  return (
    <div className={css.scroll} data-carrying={carried ? true : undefined}>
      <div role="status" className="skip">
        {carried ? t.schedule.picked(carried.booking.customer_name) : ''}
      </div>
      <table className={css.board}>
        <thead>
          <tr>
            <th scope="col">{t.schedule.chef}</th>
            {days.map((date) => (
              <th scope="col" key={date} data-today={date === today || undefined}>
                {day(date)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {chefs.map((chef) => (
            <tr key={chef.chef_id}>
              <th scope="row">
                <UnstyledButton fz="sm" fw={600} disabled={!onChef} onClick={() => onChef?.(chef.chef_id)}>
                  {chef.name}
                </UnstyledButton>
                <Text size="xs" c="dimmed">
                  {chef.zones.join(', ')}
                </Text>
              </th>
              {chef.days.map((column) => (
                <td key={column.date} data-today={column.date === today || undefined}>
                  <div className={css.slots}>
                    {column.slots.map((slot) => (
                      <Slot
                        key={slot.slot}
                        slot={slot}
                        place={{ chefId: chef.chef_id, date: column.date, slot: slot.slot }}
                        chefName={chef.name}
                        carried={carried}
                        busy={busy !== null && busy === slot.booking?.booking_id}
                        onCarry={setCarried}
                        onPut={onPut}
                      />
                    ))}
                  </div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {dialog}
    </div>
  )
}

interface SlotProps {
  slot: BoardSlot
  place: Place
  chefName: string
  carried: Carried | null
  busy: boolean
  onCarry: (carried: Carried | null) => void
  onPut: (place: Place) => void
}

function Slot({ slot, place, chefName, carried, busy, onCarry, onPut }: SlotProps) {
  const { open, place: panel } = usePanel()
  const canMove = useMay()('bookings:write')
  const { booking } = slot
  const where = `${chefName}, ${day(place.date)}, ${place.slot}`
  if (booking) {
    const mine: Carried = { booking, from: place, assigned: slot.state === 'booked' }
    const movable = canMove && ['deposit_pending', 'new', 'confirmed'].includes(booking.status)
    return (
      <button
        type="button"
        className={css.booking}
        data-booking={booking.booking_id}
        data-status={booking.status}
        data-held={slot.state === 'held' || undefined}
        data-open={panel?.id === booking.booking_id || undefined}
        data-carried={carried?.booking.booking_id === booking.booking_id || undefined}
        data-busy={busy || undefined}
        title={slot.state === 'held' ? t.schedule.unassigned : undefined}
        draggable={movable}
        onDragStart={(event) => {
          event.dataTransfer.effectAllowed = 'move'
          event.dataTransfer.setData('text/plain', booking.booking_id)
          onCarry(mine)
        }}
        onDragEnd={() => onCarry(null)}
        onClick={() => open('booking', booking.booking_id)}
        onKeyDown={(event) => {
          if (event.key !== 'm' || !movable) return
          event.stopPropagation()
          onCarry(mine)
        }}
      >
        <span className={css.time}>{place.slot}</span>
        <span className={css.name}>{booking.customer_name || t.unknownName}</span>
        <span className={css.guests}>{booking.guests}</span>
      </button>
    )
  }
  if (slot.state !== 'free') {
    return (
      <div className={css.closed} title={t.schedule[slot.state as 'off' | 'not_working']}>
        <span className={css.time}>{place.slot}</span> {t.schedule[slot.state as 'off' | 'not_working']}
      </div>
    )
  }
  return (
    <button
      type="button"
      className={css.free}
      data-place={`${place.chefId} ${place.date} ${place.slot}`}
      tabIndex={carried ? 0 : -1}
      aria-label={`${t.schedule.free}: ${where}`}
      onDragOver={(event) => {
        if (!carried) return
        event.preventDefault()
        event.dataTransfer.dropEffect = 'move'
        event.currentTarget.dataset.over = 'true'
      }}
      onDragLeave={(event) => delete event.currentTarget.dataset.over}
      onDrop={(event) => {
        event.preventDefault()
        delete event.currentTarget.dataset.over
        onPut(place)
      }}
      onClick={() => carried && onPut(place)}
    >
      <span className={css.time}>{place.slot}</span>
    </button>
  )
}
