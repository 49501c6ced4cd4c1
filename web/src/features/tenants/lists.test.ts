import { describe, expect, it } from 'vitest'
import { commaList, parseRefund, parseZones, refundText, zonesText } from './lists'

describe('settings that are lists', () => {
  it('are read as they are written', () => {
    const zones = [
      { zone: 'central', postcodes: ['90004', '904*'] },
      { zone: 'westside', postcodes: [] },
    ]
    expect(parseZones(zonesText(zones))).toEqual(zones)
    const rules = [
      { hours_before: 168, percent: 100 },
      { hours_before: 48, percent: 50 },
    ]
    expect(parseRefund(refundText(rules))).toEqual(rules)
    expect(commaList(' 12:00, ,18:00 ')).toEqual(['12:00', '18:00'])
  })
  it('are refused where they say nothing', () => {
    expect(parseZones(': 90004')).toBeNull()
    expect(parseRefund('168')).toBeNull()
    expect(parseRefund('168 101')).toBeNull()
  })
})
