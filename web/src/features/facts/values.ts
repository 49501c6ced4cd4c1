// The values of facts in words: text, a party, a name or an amount.
import { money } from '../../components/format'
import { humane } from '../../texts'

export function valueOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return String(value)
  const parts = value as Record<string, unknown>
  if (typeof parts.amount_minor === 'number' && typeof parts.currency === 'string') {
    return money(parts.amount_minor, parts.currency)
  }
  if ('first' in parts || 'last' in parts) {
    return [parts.first, parts.last].filter((part) => typeof part === 'string').join(' ')
  }
  return Object.entries(parts)
    .map(([name, part]) => `${humane(name)} ${String(part)}`)
    .join(', ')
}
