// The figures of several models as one, and money that is counted in millionths.
import type { Item } from '../../api/client'

export type ModelRow = Item<'agents'>

export interface Sums {
  runs: number
  answered: number
  handedOver: number
  accepted: number
  settled: number
  costMicros: number
  unpriced: number
}

export function sumsOf(rows: ModelRow[]): Sums {
  const sum = (of: (row: ModelRow) => number) => rows.reduce((all, row) => all + of(row), 0)
  return {
    runs: sum((row) => row.runs),
    answered: sum((row) => row.answered),
    handedOver: sum((row) => row.handed_over),
    accepted: sum((row) => row.accepted),
    settled: sum((row) => row.accepted + row.edited + row.dismissed),
    costMicros: sum((row) => row.cost_micros),
    unpriced: sum((row) => row.unpriced_calls),
  }
}

/** A share between 0 and 1, or null when there is nothing to take it of. */
export function share(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null
}

/** Millionths of a US dollar: small sums keep the digits that matter. */
export function cost(micros: number, locale = 'en-US'): string {
  const dollars = micros / 1_000_000
  const digits = dollars !== 0 && Math.abs(dollars) < 1 ? 4 : 2
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(dollars)
}
