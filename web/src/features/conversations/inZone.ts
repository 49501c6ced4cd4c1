// A wall clock's time in a zone as a moment.

/** The moment at which clocks of `zone` show this date and time; in a gap of the clocks, the hour after it. */
export function inZone(date: string, time: string, zone: string): Date {
  const wanted = Date.parse(`${date}T${time}:00Z`)
  // The offset at the guess may be that of before a change of clocks; asking once more at the answer settles it.
  const first = wanted - offset(wanted, zone)
  return new Date(wanted - offset(first, zone))
}

/** How far clocks of the zone are ahead of UTC, in milliseconds. */
function offset(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(new Date(at))
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0)
  const shown = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
  return shown - Math.floor(at / 1000) * 1000
}
