const DAY_MS = 24 * 3_600_000

/** Whole days from `now` until a moment, the begun one counted; none once it has come. */
export function daysLeft(at: string, now: number): number {
  return Math.max(0, Math.ceil((Date.parse(at) - now) / DAY_MS))
}
