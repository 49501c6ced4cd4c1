// What putting a booking somewhere else on the board means in commands.
import type { Item } from '../../api/client'

export type BoardChef = Item<'schedule-board'>
export type BoardSlot = BoardChef['days'][number]['slots'][number]
export type CellBooking = NonNullable<BoardSlot['booking']>

/** A place on the board. */
export interface Place {
  chefId: string
  date: string
  slot: string
}

export interface Carried {
  booking: CellBooking
  from: Place
  /** Whether the chef of `from` is assigned, or only keeps the slot free. */
  assigned: boolean
}

export interface Move {
  reschedule: boolean
  assign: boolean
}

/** What has to be done, or null when it is there already. */
export function moveTo(carried: Carried, to: Place): Move | null {
  const { from, assigned } = carried
  const reschedule = from.date !== to.date || from.slot !== to.slot
  // Whose slot it is was somebody's choice only when the chef was assigned, or when another chef is chosen now.
  const assign = from.chefId !== to.chefId || (reschedule && assigned)
  return reschedule || assign ? { reschedule, assign } : null
}
