import { expect, test } from 'vitest'
import { daysLeft } from './daysLeft'

const NOW = Date.parse('2026-03-01T12:00:00Z')

test('days are rounded, and what has come has none left', () => {
  expect(daysLeft('2026-03-31T12:00:00Z', NOW)).toBe(30)
  expect(daysLeft('2026-03-31T11:00:00Z', NOW)).toBe(30)
  expect(daysLeft('2026-03-31T12:00:05Z', NOW)).toBe(30)
  expect(daysLeft('2026-03-02T11:00:00Z', NOW)).toBe(1)
  expect(daysLeft('2026-03-01T20:00:00Z', NOW)).toBe(0)
  expect(daysLeft('2026-03-01T11:00:00Z', NOW)).toBe(0)
})
