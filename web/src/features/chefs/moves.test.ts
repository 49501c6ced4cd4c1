import { describe, expect, it } from 'vitest'
import type { Carried } from './moves'
import { moveTo } from './moves'

const from = { chefId: 'kenji', date: '2026-11-22', slot: '12:00' }
const booking = {
  booking_id: 'b',
  customer_id: 'c',
  customer_name: 'Robin Vale',
  status: 'confirmed',
  zone: 'central',
  guests: 12,
  total_minor: 79000,
  currency: 'USD',
} as const
const assigned: Carried = { booking, from, assigned: true }
const held: Carried = { booking, from, assigned: false }

describe('moving on the board', () => {
  it('to where it is already does nothing', () => {
    expect(moveTo(assigned, from)).toBeNull()
  })
  it('to another chef at the same time only assigns, and the customer is not told', () => {
    expect(moveTo(held, { ...from, chefId: 'luz' })).toEqual({ reschedule: false, assign: true })
  })
  it('to another time keeps the chef who was chosen, and chooses nobody where nobody was', () => {
    expect(moveTo(assigned, { ...from, slot: '18:00' })).toEqual({ reschedule: true, assign: true })
    expect(moveTo(held, { ...from, slot: '18:00' })).toEqual({ reschedule: true, assign: false })
  })
})
