// Numbers, money and times as people read them.

const LOCALE = navigatorLocale()

function navigatorLocale(): string {
  return typeof navigator === 'undefined' ? 'en-US' : navigator.language || 'en-US'
}

/** Making a format takes longer than using it a hundred times, and a long list uses a few of them for every row. */
function kept<O extends object, F>(
  make: (locale: string, options: O) => F,
): (locale: string, options: O) => F {
  const made = new Map<string, F>()
  return (locale, options) => {
    const name = `${locale} ${JSON.stringify(options)}`
    const known = made.get(name) ?? make(locale, options)
    made.set(name, known)
    return known
  }
}

const numbers = kept((locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options))
const dates = kept((locale, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options))
const spans = kept(
  (locale, options: Intl.RelativeTimeFormatOptions) => new Intl.RelativeTimeFormat(locale, options),
)

/** The zone of whoever looks at it. */
export const OWN_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone

export interface Money {
  amount_minor: number
  currency: string
}

/** Minor units as money: 66500 USD is "$665.00". */
export function money(amount_minor: number, currency: string, locale = LOCALE): string {
  const format = numbers(locale, { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  return format.format(amount_minor / 10 ** digits)
}

/** Money on an axis: whole units only. */
export function roundMoney(amount_minor: number, currency: string): string {
  const digits = numbers('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
  const format = numbers(LOCALE, { style: 'currency', currency, maximumFractionDigits: 0 })
  return format.format(amount_minor / 10 ** digits)
}

/** Money as it is typed, in minor units; null when it is none. "12.5" USD is 1250. */
export function minorUnits(text: string, currency: string): number | null {
  const digits = numbers('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
  const match = /^(\d{1,12})(?:[.,](\d*))?$/.exec(text.trim())
  const fraction = match?.[2] ?? ''
  if (!match || fraction.length > digits) return null
  return Number(match[1]) * 10 ** digits + Number(fraction.padEnd(digits, '0') || 0)
}

/** Minor units as they are typed: 1250 USD is "12.50". */
export function typedMoney(amount_minor: number, currency: string): string {
  const digits = numbers('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
  return (amount_minor / 10 ** digits).toFixed(digits)
}

export function number(value: number): string {
  return numbers(LOCALE, {}).format(value)
}

export function percent(share: number): string {
  return numbers(LOCALE, { style: 'percent', maximumFractionDigits: 0 }).format(share)
}

/** A moment in a zone: "Nov 21, 10:59 AM". With the year when it is another than now's. */
export function moment(at: string, zone: string | undefined, now = new Date()): string {
  const date = new Date(at)
  const isThisYear = date.getFullYear() === now.getFullYear()
  return dates(LOCALE, {
    month: 'short',
    day: 'numeric',
    ...(!isThisYear && { year: 'numeric' }),
    hour: 'numeric',
    minute: '2-digit',
    ...(zone && { timeZone: zone }),
  }).format(date)
}

/** How long ago, or how long until: "5 min ago". Whole days from two days on. */
export function ago(at: string, now = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1000
  const format = spans(LOCALE, { numeric: 'auto', style: 'short' })
  const size = Math.abs(seconds)
  if (size < 45) return format.format(0, 'second')
  if (size < 90 * 60) return format.format(Math.round(seconds / 60), 'minute')
  if (size < 22 * 3600) return format.format(Math.round(seconds / 3600), 'hour')
  if (size < 45 * 86_400) return format.format(Math.round(seconds / 86_400), 'day')
  return format.format(Math.round(seconds / 2_592_000), 'month')
}

/** A calendar day without a zone: "Sat, Mar 14, 2026". */
export function day(date: string, style: 'short' | 'long' = 'short'): string {
  const noon = new Date(`${date}T12:00:00Z`)
  const options: Intl.DateTimeFormatOptions =
    style === 'long'
      ? { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' }
      : { weekday: 'short', month: 'short', day: 'numeric' }
  return dates(LOCALE, { ...options, timeZone: 'UTC' }).format(noon)
}

/** Today's date in a zone, as YYYY-MM-DD. */
export function today(zone: string | undefined, now = new Date()): string {
  return dates('en-CA', {
    ...(zone && { timeZone: zone }),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(now)
}

/** A date so many days later, as YYYY-MM-DD. */
export function plusDays(date: string, days: number): string {
  const noon = new Date(`${date}T12:00:00Z`)
  noon.setUTCDate(noon.getUTCDate() + days)
  return noon.toISOString().slice(0, 10)
}

/** The Monday of the date's week. */
export function monday(date: string): string {
  const weekday = new Date(`${date}T12:00:00Z`).getUTCDay()
  return plusDays(date, -((weekday + 6) % 7))
}

/** Seconds as people say them: "14 min", "1 h 20 min". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const rest = minutes % 60
  return rest ? `${Math.floor(minutes / 60)} h ${rest} min` : `${minutes / 60} h`
}

/** Initials for a small picture. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  return ((words[0]?.[0] ?? '?') + (words.length > 1 ? (words.at(-1)?.[0] ?? '') : '')).toUpperCase()
}
