// Which keys are held back: one whose oldest failed message has others waiting behind it.
import type { Message } from '../../api/operations'

export interface BlockedKey {
  key: string
  /** What has to go, or to be left out, first. */
  first: Message
  behind: number
}

/** The key that waits for longest comes first. */
export function blockedKeys(failed: Message[], waiting: Message[]): BlockedKey[] {
  const first = new Map<string, Message>()
  for (const message of failed) {
    const key = message.order_key
    const known = key === null ? undefined : first.get(key)
    if (key !== null && (!known || message.created_at < known.created_at)) first.set(key, message)
  }
  const blocked = [...first].map(([key, message]) => {
    const behind = waiting.filter((one) => one.order_key === key && one.created_at >= message.created_at)
    return { key, first: message, behind: behind.length }
  })
  return blocked
    .filter(({ behind }) => behind > 0)
    .sort((one, other) => one.first.created_at.localeCompare(other.first.created_at))
}
