// Keys as people press them: single keys, chords with Ctrl or Cmd, and short sequences such as `g i`.

export interface Press {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
}

/** How long a sequence may take between two keys. */
export const SEQUENCE_MS = 900

/** One press in the notation of the registry: `mod+k`, `g`, `?`, `shift+enter`. */
export function notation(press: Press): string {
  const key = press.key === ' ' ? 'space' : press.key.toLowerCase()
  const mod = press.ctrlKey || press.metaKey ? 'mod+' : ''
  const alt = press.altKey ? 'alt+' : ''
  // Shift is part of what a letter or sign is; of other keys it is said.
  const shift = press.shiftKey && key.length > 1 ? 'shift+' : ''
  return mod + alt + shift + key
}

/** What a press means after those before it: a whole action, the beginning of one, or nothing. */
export function match(
  known: Iterable<string>,
  before: string,
  press: string,
): { hit: string | null; pending: string } {
  const all = [...known]
  for (const typed of before ? [`${before} ${press}`, press] : [press]) {
    if (all.includes(typed)) return { hit: typed, pending: '' }
    if (all.some((keys) => keys.startsWith(`${typed} `))) return { hit: null, pending: typed }
  }
  return { hit: null, pending: '' }
}

/** The keys as they are shown, each as its own cap. */
export function caps(keys: string, mac = isMac()): string[] {
  return keys.split(' ').map((press) =>
    press
      .split('+')
      .map((part) => CAPS[part]?.[mac ? 1 : 0] ?? (part.length === 1 ? part.toUpperCase() : part))
      .join(mac ? '' : '+'),
  )
}

const CAPS: Record<string, [string, string]> = {
  mod: ['Ctrl', '⌘'],
  alt: ['Alt', '⌥'],
  shift: ['Shift', '⇧'],
  enter: ['Enter', '↵'],
  escape: ['Esc', 'Esc'],
  space: ['Space', 'Space'],
}

function isMac(): boolean {
  return typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent)
}

/** Where letters are text and not commands. */
export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null
  return !!element?.closest?.('input, textarea, select, [contenteditable="true"]')
}
