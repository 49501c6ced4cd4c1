// What nobody needs before they begin to work is loaded when they do: at the first move, touch or key, or after a while.
import { useSyncExternalStore } from 'react'

/** Somebody may only look; what tells of things to come must be there by then. */
const LATEST_MS = 5_000
const SIGNS = ['pointermove', 'pointerdown', 'keydown', 'focusin', 'wheel', 'touchstart'] as const

let awake = false
const watchers = new Set<() => void>()

function wake() {
  awake = true
  for (const sign of SIGNS) removeEventListener(sign, wake)
  watchers.forEach((watch) => watch())
  watchers.clear()
}

/** Listens for the first sign; once is enough. */
export function listenForSigns() {
  for (const sign of SIGNS) addEventListener(sign, wake, { passive: true })
  setTimeout(wake, LATEST_MS)
}

/** Calls once somebody has begun, at once where they have. */
export function whenAwake(run: () => void): () => void {
  if (awake) {
    run()
    return () => undefined
  }
  watchers.add(run)
  return () => watchers.delete(run)
}

/** Whether somebody has begun. */
export function useAwake(): boolean {
  return useSyncExternalStore(whenAwake, () => awake)
}
