import { expect, it } from 'vitest'
import { inZone } from './inZone'

it('knows summer and winter, on both sides of the change', () => {
  const at = (date: string, time: string) => inZone(date, time, 'America/Los_Angeles').toISOString()
  expect(at('2026-07-01', '09:00')).toBe('2026-07-01T16:00:00.000Z')
  expect(at('2026-12-01', '09:00')).toBe('2026-12-01T17:00:00.000Z')
  expect(at('2026-03-08', '09:00')).toBe('2026-03-08T16:00:00.000Z')
  expect(at('2026-11-01', '09:00')).toBe('2026-11-01T17:00:00.000Z')
  expect(inZone('2026-11-22', '09:00', 'UTC').toISOString()).toBe('2026-11-22T09:00:00.000Z')
})
