// Working hours as people type them: `11:30-21:30, 22:00-23:00`.

export const WEEKDAYS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const
export type Weekday = (typeof WEEKDAYS)[number]

export interface Stretch {
  from: string
  to: string
}

type Hours = Partial<Record<Weekday, Stretch[]>>

export function formatHours(hours: Hours): Record<Weekday, string> {
  const entries = WEEKDAYS.map((day) => [
    day,
    (hours[day] ?? []).map(({ from, to }) => `${from}-${to}`).join(', '),
  ])
  return Object.fromEntries(entries) as Record<Weekday, string>
}

/** The hours, or which days cannot be read. */
export function parseHours(typed: Record<Weekday, string>): { hours: Hours | null; wrong: Weekday[] } {
  const hours: Hours = {}
  const wrong: Weekday[] = []
  for (const day of WEEKDAYS) {
    const parts = typed[day]
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean)
    const stretches = parts.map((part) => /^(\d{1,2}:\d{2})\s*[-–]\s*(\d{1,2}:\d{2})$/.exec(part))
    if (stretches.some((match) => !match)) wrong.push(day)
    else if (parts.length > 0) {
      hours[day] = stretches.map((match) => ({
        from: (match?.[1] ?? '').padStart(5, '0'),
        to: (match?.[2] ?? '').padStart(5, '0'),
      }))
    }
  }
  return { hours: wrong.length === 0 ? hours : null, wrong }
}
