import { expect, it } from 'vitest'
import type { Sample } from './pace'
import { paceOf, withSample } from './pace'

function seen(...samples: [number, number][]): Sample[] {
  return samples.reduce<Sample[]>((all, [at, position]) => withSample(all, { at, position }), [])
}

it('tells the rate and the time left', () => {
  expect(paceOf(seen([0, 0], [3_000, 3_000], [6_000, 6_000]), 16_000)).toEqual({
    perSecond: 1_000,
    secondsLeft: 10,
  })
})

it('says nothing before there is enough to judge by, and of what stands no time', () => {
  expect(paceOf(seen([0, 0]), 10)).toBeNull()
  expect(paceOf(seen([0, 0], [1_000, 5]), 10)).toBeNull()
  expect(paceOf(seen([0, 5], [3_000, 5]), 10)).toEqual({ perSecond: 0, secondsLeft: null })
})

it('forgets what is long past, and begins anew when another rebuild does', () => {
  expect(seen([0, 0], [10_000, 10], [45_000, 20])).toEqual([{ at: 45_000, position: 20 }])
  expect(seen([0, 900], [3_000, 10])).toEqual([{ at: 3_000, position: 10 }])
})
