// Days added up, and how much that is more or less than before.
import type { Item } from '../../api/client'

export interface Sums {
  leads: number
  bookings: number
  booked: number
  revenue: number
  /** Of the bookings made, those confirmed since; null without bookings. */
  conversion: number | null
}

export function sumsOf(days: Item<'dashboard'>[]): Sums {
  const sum = (of: (day: Item<'dashboard'>) => number) => days.reduce((total, day) => total + of(day), 0)
  const bookings = sum((day) => day.bookings_created)
  return {
    leads: sum((day) => day.leads),
    bookings,
    booked: sum((day) => day.booked_minor),
    revenue: sum((day) => day.revenue_minor),
    conversion: bookings === 0 ? null : sum((day) => day.bookings_converted) / bookings,
  }
}

/** The change as a share of what was before; null where nothing was. */
export function change(now: number | null, before: number | null): number | null {
  if (now === null || !before) return null
  return (now - before) / before
}
