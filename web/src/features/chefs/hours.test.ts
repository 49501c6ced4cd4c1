import { expect, it } from 'vitest'
import { formatHours, parseHours } from './hours'

it('reads what it writes, and says which day it cannot read', () => {
  const typed = formatHours({
    monday: [{ from: '11:30', to: '21:30' }],
    friday: [
      { from: '09:00', to: '12:00' },
      { from: '14:00', to: '22:00' },
    ],
  })
  expect(typed.friday).toBe('09:00-12:00, 14:00-22:00')
  expect(parseHours(typed).hours).toEqual({
    monday: [{ from: '11:30', to: '21:30' }],
    friday: [
      { from: '09:00', to: '12:00' },
      { from: '14:00', to: '22:00' },
    ],
  })
  expect(parseHours({ ...typed, sunday: 'all day' })).toEqual({ hours: null, wrong: ['sunday'] })
  expect(parseHours({ ...typed, sunday: '9:00 – 10:00' }).hours?.sunday).toEqual([
    { from: '09:00', to: '10:00' },
  ])
})
