// J and K in a list: the next and the previous one.
import { useRef } from 'react'
import { useActions } from '../registry/actions'
import { t } from '../texts'

type Step = 1 | -1

/** Offers the next and the previous one of the list that is there; `walk` goes to it. */
export function useWalk(walk: (step: Step) => void) {
  const section = t.sections.here
  useActions([
    { id: 'list.next', title: t.actions.next, section, keys: 'j', bare: true, run: () => walk(1) },
    { id: 'list.previous', title: t.actions.previous, section, keys: 'k', bare: true, run: () => walk(-1) },
  ])
}

/** Moves the focus through the parts of a list, those that carry `data-walk`. */
export function useWalkedFocus<E extends HTMLElement>() {
  const list = useRef<E>(null)
  useWalk((step) => {
    const parts = [...(list.current?.querySelectorAll<HTMLElement>('[data-walk]') ?? [])]
    const at = parts.findIndex((part) => part.contains(document.activeElement))
    const next = parts[at < 0 ? 0 : Math.min(Math.max(at + step, 0), parts.length - 1)]
    next?.focus()
  })
  return list
}
