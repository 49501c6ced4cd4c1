// Settings that are lists, as people type them.

export interface Zone {
  zone: string
  postcodes: string[]
}

export interface RefundRule {
  hours_before: number
  percent: number
}

export function commaList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
}

export function zonesText(zones: Zone[]): string {
  return zones.map(({ zone, postcodes }) => `${zone}: ${postcodes.join(', ')}`).join('\n')
}

/** A zone a line; null when a line names none. */
export function parseZones(text: string): Zone[] | null {
  const lines = text.split('\n').filter((line) => line.trim())
  const zones = lines.map((line) => {
    const [zone = '', ...rest] = line.split(':')
    return { zone: zone.trim(), postcodes: commaList(rest.join(':')) }
  })
  return zones.every(({ zone }) => zone) ? zones : null
}

export function refundText(rules: RefundRule[]): string {
  return rules.map(({ hours_before, percent }) => `${hours_before} ${percent}`).join('\n')
}

/** Hours and percent, a pair a line; null when a line is no such pair. */
export function parseRefund(text: string): RefundRule[] | null {
  const rules: RefundRule[] = []
  for (const line of text.split('\n').filter((kept) => kept.trim())) {
    const match = /^\s*(\d+)\s+(\d{1,3})\s*%?\s*$/.exec(line)
    const percent = Number(match?.[2])
    if (!match || percent > 100) return null
    rules.push({ hours_before: Number(match[1]), percent })
  }
  return rules
}
