// One listener for all keys; what they do is in the registry.
import { useEffect } from 'react'
import { currentActions } from './actions'
import { isTyping, match, notation, SEQUENCE_MS } from './keys'

export function useHotkeys() {
  useEffect(() => {
    let before = ''
    let at = 0
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.key === 'Shift') return
      const pressed = notation(event)
      const isChord = pressed.startsWith('mod+') || pressed.startsWith('alt+')
      if (isTyping(event.target) && !isChord) return
      // In a dialog only its own keys count.
      const inDialog = (event.target as HTMLElement | null)?.closest?.('[role="dialog"][aria-modal="true"]')
      if (inDialog && !isChord) return
      if (Date.now() - at > SEQUENCE_MS) before = ''
      const actions = currentActions().filter((action) => action.keys)
      const { hit, pending } = match(
        actions.map((action) => action.keys ?? ''),
        before,
        pressed,
      )
      before = pending
      at = Date.now()
      const action = hit === null ? undefined : actions.findLast((action) => action.keys === hit)
      if (!action) return
      event.preventDefault()
      action.run()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [])
}
