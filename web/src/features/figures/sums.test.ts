import { expect, it } from 'vitest'
import type { Item } from '../../api/client'
import { change, sumsOf } from './sums'

it('weighs conversion by bookings and not by days', () => {
  const day = (bookings_created: number, bookings_converted: number) =>
    ({
      bookings_created,
      bookings_converted,
      leads: 1,
      booked_minor: 100,
      revenue_minor: 50,
    }) as Item<'dashboard'>
  expect(sumsOf([day(9, 9), day(1, 0)])).toEqual({
    leads: 2,
    bookings: 10,
    booked: 200,
    revenue: 100,
    conversion: 0.9,
  })
  expect(sumsOf([]).conversion).toBeNull()
})

it('compares only with something', () => {
  expect(change(15, 10)).toBe(0.5)
  expect(change(5, 0)).toBeNull()
  expect(change(null, 3)).toBeNull()
})
