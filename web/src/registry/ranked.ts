// Which actions fit what was typed, the best first.
import type { Action } from './actions'

/** Every word must begin a word of the title or its section; titles that begin with the text come first. */
export function ranked(actions: Action[], text: string): Action[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return actions
  const fits = (action: Action) => {
    const said = `${action.title} ${action.section}`.toLowerCase().split(/[\s,]+/)
    return words.every((word) => said.some((part) => part.startsWith(word)))
  }
  const begins = (action: Action) => Number(!action.title.toLowerCase().startsWith(words[0] ?? ''))
  return actions.filter(fits).sort((one, other) => begins(one) - begins(other))
}
