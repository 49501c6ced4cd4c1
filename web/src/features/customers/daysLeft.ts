/** A day, in milliseconds. */
const DAY_MS = 24 * 3_600_000

/** Days from `now` until a moment, rounded; none once it has come. */
export function daysLeft(at: string, now: number): number {
  return Math.max(0, Math.round((Date.parse(at) - now) / DAY_MS))
}
