// Answers that the server need not send again: kept with their entity tags as long as the page is open, and nowhere else.

/** The most answers; one page of a list is one. The oldest goes first. */
const MOST = 200

interface Known {
  tag: string
  answer: unknown
}

const known = new Map<string, Known>()

export function recall(path: string): Known | undefined {
  return known.get(path)
}

export function remember(path: string, tag: string | null, answer: unknown) {
  known.delete(path)
  if (!tag) return
  known.set(path, { tag, answer })
  const oldest = known.keys().next().value
  if (known.size > MOST && oldest !== undefined) known.delete(oldest)
}

const cursors = new Map<string, string>()

/**
 * The cursor that leads on behind this row. The server seals cursors anew each time; as long as a page ends with the same
 * row, the one that came first does as well, and the pages behind it keep their addresses and need not be sent again.
 */
export function lastingCursor(behind: string, cursor: string): string {
  const first = cursors.get(behind) ?? cursor
  cursors.delete(behind)
  cursors.set(behind, first)
  const oldest = cursors.keys().next().value
  if (cursors.size > MOST && oldest !== undefined) cursors.delete(oldest)
  return first
}

/** When the session is over nothing of it stays. */
export function forgetAll() {
  known.clear()
  cursors.clear()
}
