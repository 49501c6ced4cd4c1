// How fast something gets on, and how long it will still take: from what was seen over the last half minute.
import { useState } from 'react'

export interface Sample {
  at: number
  position: number
}

/** Older samples say nothing about now. */
const WINDOW_MS = 30_000
/** Less than this is too little to judge by. */
const LEAST_MS = 2_000

/** The samples with a new one; what went backwards has begun anew. */
export function withSample(samples: Sample[], next: Sample): Sample[] {
  const last = samples.at(-1)
  if (last && next.position < last.position) return [next]
  return [...samples.filter((sample) => next.at - sample.at <= WINDOW_MS), next]
}

export interface Pace {
  perSecond: number
  /** Null while it does not get on. */
  secondsLeft: number | null
}

/** Null until there is enough to judge by. */
export function paceOf(samples: Sample[], target: number): Pace | null {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || last.at - first.at < LEAST_MS) return null
  const perSecond = ((last.position - first.position) * 1000) / (last.at - first.at)
  return { perSecond, secondsLeft: perSecond > 0 ? Math.max(0, target - last.position) / perSecond : null }
}

/** The pace of what stands at `position` as of `seenAt`. */
export function usePace(position: number, target: number, seenAt: number): Pace | null {
  const [samples, setSamples] = useState<Sample[]>([{ at: seenAt, position }])
  if (samples.at(-1)?.at !== seenAt) setSamples(withSample(samples, { at: seenAt, position }))
  return paceOf(samples, target)
}
