import { expect, it } from 'vitest'
import type { ModelRow } from './sums'
import { cost, share, sumsOf } from './sums'

const row = (change: Partial<ModelRow>): ModelRow => ({
  engine: 'model',
  model: 'm',
  runs: 0,
  answered: 0,
  handed_over: 0,
  ended: 0,
  suggested: 0,
  accepted: 0,
  edited: 0,
  dismissed: 0,
  input_tokens: 0,
  output_tokens: 0,
  cost_micros: 0,
  unpriced_calls: 0,
  ...change,
})

it('adds models up, and counts what people have settled', () => {
  const sums = sumsOf([row({ runs: 3, accepted: 1, edited: 1 }), row({ runs: 2, dismissed: 2 })])
  expect(sums).toMatchObject({ runs: 5, accepted: 1, settled: 4 })
  expect(share(sums.accepted, sums.settled)).toBe(0.25)
  expect(share(0, 0)).toBeNull()
})

it('shows cents of cents where there is no more', () => {
  expect(cost(1_234)).toBe('$0.0012')
  expect(cost(12_345_678)).toBe('$12.35')
  expect(cost(0)).toBe('$0.00')
})
