import { describe, expect, it } from 'vitest'
import { ago, duration, initials, minorUnits, monday, money, plusDays, today, typedMoney } from './format'

describe('money', () => {
  it('knows how many digits a currency has', () => {
    expect(money(66500, 'USD', 'en-US')).toBe('$665.00')
    expect(money(1200, 'JPY', 'en-US')).toBe('¥1,200')
  })
  it('is read exactly as typed, without floating point', () => {
    expect(minorUnits('12.5', 'USD')).toBe(1250)
    expect(minorUnits('0.29', 'USD')).toBe(29)
    expect(minorUnits('1200', 'JPY')).toBe(1200)
    expect(minorUnits('1.005', 'USD')).toBeNull()
    expect(minorUnits('-3', 'USD')).toBeNull()
    expect(minorUnits('ten', 'USD')).toBeNull()
    expect(typedMoney(1250, 'USD')).toBe('12.50')
  })
})

describe('dates', () => {
  it('cross months, years and the change of clocks', () => {
    expect(plusDays('2026-12-31', 1)).toBe('2027-01-01')
    expect(plusDays('2026-03-08', 1)).toBe('2026-03-09')
    expect(monday('2026-11-22')).toBe('2026-11-16')
    expect(monday('2026-11-16')).toBe('2026-11-16')
  })
  it('are those of the business, not of the reader', () => {
    const late = new Date('2026-11-22T03:00:00Z')
    expect(today('America/Los_Angeles', late)).toBe('2026-11-21')
    expect(today('UTC', late)).toBe('2026-11-22')
  })
})

describe('times', () => {
  it('are told from now', () => {
    const now = Date.parse('2026-11-21T12:00:00Z')
    expect(ago('2026-11-21T11:55:00Z', now)).toContain('5')
    expect(ago('2026-11-21T12:00:10Z', now)).toBe('now')
  })
  it('of waiting are short', () => {
    expect(duration(40)).toBe('40 s')
    expect(duration(840)).toBe('14 min')
    expect(duration(4800)).toBe('1 h 20 min')
  })
})

describe('initials', () => {
  it('are one or two letters, and never nothing', () => {
    expect(initials('Malik Castillo')).toBe('MC')
    expect(initials('Robin')).toBe('R')
    expect(initials('')).toBe('?')
  })
})
