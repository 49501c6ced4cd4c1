// What changed between two texts, line by line.
export interface Line {
  kind: 'same' | 'added' | 'removed'
  text: string
}

/** Longer texts are shown whole, old and new: comparing costs the product of their lengths. */
const MAX_LINES = 500

/** The lines of both texts in order, each marked by which of them has it. */
export function changedLines(before: string, after: string): Line[] {
  const old = before === '' ? [] : before.split('\n')
  const now = after === '' ? [] : after.split('\n')
  const all = (lines: string[], kind: Line['kind']) => lines.map((text): Line => ({ kind, text }))
  if (old.length > MAX_LINES || now.length > MAX_LINES) {
    return before === after ? all(now, 'same') : [...all(old, 'removed'), ...all(now, 'added')]
  }
  const common = commonLengths(old, now)
  const at = (i: number, j: number) => common[i]?.[j] ?? 0
  const lines: Line[] = []
  let [i, j] = [0, 0]
  while (i < old.length || j < now.length) {
    const [was, is] = [old[i], now[j]]
    if (was !== undefined && was === is) {
      lines.push({ kind: 'same', text: was })
      i += 1
      j += 1
    } else if (is === undefined || (was !== undefined && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: 'removed', text: was ?? '' })
      i += 1
    } else {
      lines.push({ kind: 'added', text: is })
      j += 1
    }
  }
  return lines
}

/** How many lines the rests of both texts share in order, by where the rests begin. */
function commonLengths(old: string[], now: string[]): number[][] {
  const common = Array.from({ length: old.length + 1 }, () => new Array<number>(now.length + 1).fill(0))
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const row = common[i]
      if (!row) continue
      row[j] =
        old[i] === now[j]
          ? (common[i + 1]?.[j + 1] ?? 0) + 1
          : Math.max(common[i + 1]?.[j] ?? 0, row[j + 1] ?? 0)
    }
  }
  return common
}
