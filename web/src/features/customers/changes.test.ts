import { describe, expect, it } from 'vitest'
import { changesOf } from './changes'

const record = {
  profile: { email: 'kim@example.com', phone: '+12135550142', sequence: 3 },
  tags: ['vip'],
  bookings: [
    { booking_id: 'b1', status: 'confirmed', date: '2026-12-01', total: { amount_minor: 66500 } },
    { booking_id: 'b2', status: 'completed', date: '2026-10-01' },
  ],
  timeline: [{ position: '1' }],
}

describe('changes', () => {
  it('are told field by field, and of the record that they concern', () => {
    const after = {
      ...record,
      profile: { ...record.profile, email: 'kim@example.org', sequence: 4 },
      bookings: [{ ...record.bookings[0], status: 'cancelled' }, record.bookings[1]],
    }
    expect(changesOf(record, after)).toEqual([
      { field: 'E-mail', before: 'kim@example.com', after: 'kim@example.org' },
      { field: 'Bookings › status', before: 'confirmed', after: 'cancelled' },
    ])
  })
  it('know what came and what went', () => {
    expect(changesOf(record, { ...record, tags: [] })).toEqual([
      { field: 'Tags', before: 'vip', after: null },
    ])
    expect(changesOf(null, { tags: ['new'] })).toEqual([{ field: 'Tags', before: null, after: 'new' }])
  })
  it('are none where only the order or the version has changed', () => {
    const after = {
      ...record,
      profile: { ...record.profile, sequence: 9 },
      bookings: [...record.bookings].reverse(),
    }
    expect(changesOf(record, after)).toEqual([])
  })
})
