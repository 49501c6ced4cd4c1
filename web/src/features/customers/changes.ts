// What is different between a record before an event and after it, leaf by leaf, as people see it.
import { humane } from '../../texts'

export interface Change {
  field: string
  before: string | null
  after: string | null
}

/** Of so many changes each is shown; an event rarely makes more than a handful. */
export const MAX_CHANGES = 24

/** What always moves along, or tells nothing to people. */
const SILENT = new Set([
  'timeline',
  'sequence',
  'updated_at',
  'created_at',
  'customer_id',
  'conversations_total',
  'status_at',
  'last_message_at',
  'name',
])

type Leaf = string | number | boolean
type Leaves = Map<string, Leaf>

export function changesOf(before: unknown, after: unknown): Change[] {
  const [old, fresh] = [leavesOf(before), leavesOf(after)]
  const names = new Set([...old.keys(), ...fresh.keys()])
  return [...names]
    .filter((name) => old.get(name) !== fresh.get(name))
    .slice(0, MAX_CHANGES)
    .map((name) => ({ field: spoken(name), before: shown(old.get(name)), after: shown(fresh.get(name)) }))
}

/** `bookings.3f2a.status` is told as "Bookings › status"; what only tells records apart is left out. */
function spoken(name: string): string {
  const parts = name
    .split('.')
    .filter((part) => part !== 'profile' && !part.startsWith('#'))
    .map((part) => part.replace(/_minor$/, ''))
  return parts.map((part, index) => (index === 0 ? humane(part) : humane(part).toLowerCase())).join(' › ')
}

function shown(leaf: Leaf | undefined): string | null {
  return leaf === undefined ? null : String(leaf)
}

function leavesOf(value: unknown): Leaves {
  const leaves: Leaves = new Map()
  walk(value, '', leaves)
  return leaves
}

function walk(value: unknown, path: string, leaves: Leaves) {
  if (value === null || value === undefined || value === '') return
  if (Array.isArray(value)) {
    value.forEach((item: unknown) => walk(item, `${path}.#${keyOf(item)}`, leaves))
  } else if (typeof value === 'object') {
    for (const [name, inner] of Object.entries(value)) {
      if (!SILENT.has(name) && !name.endsWith('_id')) walk(inner, path ? `${path}.${name}` : name, leaves)
    }
  } else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    leaves.set(path, value)
  }
}

/** What tells the members of a list apart: their id, their names, or themselves. */
function keyOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item)
  const row = item as Record<string, unknown>
  const ids = ['booking_id', 'thread_id', 'payment_id', 'note_id', 'candidate_id']
  const id = ids.map((name) => row[name]).find((known) => typeof known === 'string')
  return String(id ?? [row.channel, row.purpose, row.currency].filter(Boolean).join(' ')).replaceAll('.', ' ')
}
