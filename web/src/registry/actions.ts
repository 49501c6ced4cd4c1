// The one list of what can be done here and now. It feeds the palette, the hotkeys, the `?` sheet and the tooltips.
import { useEffect, useRef, useSyncExternalStore } from 'react'

export interface Action {
  /** Unique: `bookings.create`. */
  id: string
  title: string
  section: string
  /** In the notation of `keys.ts`. */
  keys?: string
  /** Only a hotkey: not offered in the palette, where it would make no sense. */
  bare?: boolean
  run: () => void
}

const layers = new Map<symbol, Action[]>()
const watchers = new Set<() => void>()
let all: Action[] = []

function changed() {
  // Of two actions with the same keys the one registered last wins: the page before the shell.
  const byId = new Map([...layers.values()].flat().map((action) => [action.id, action]))
  all = [...byId.values()]
  watchers.forEach((watch) => watch())
}

export function currentActions(): Action[] {
  return all
}

/** Everything that can be done now. */
export function useActionList(): Action[] {
  return useSyncExternalStore((watch) => {
    watchers.add(watch)
    return () => watchers.delete(watch)
  }, currentActions)
}

/** Offers these while the component is there. What an action does may be new at every rendering. */
export function useActions(actions: Action[]) {
  const latest = useRef(actions)
  useEffect(() => {
    latest.current = actions
  })
  const identity = actions.map((action) => `${action.id}\n${action.title}\n${action.keys ?? ''}`).join('\n\n')
  useEffect(() => {
    const layer = Symbol(identity)
    const lasting = latest.current.map((action) => ({
      ...action,
      run: () => latest.current.find((newest) => newest.id === action.id)?.run(),
    }))
    layers.set(layer, lasting)
    changed()
    return () => {
      layers.delete(layer)
      changed()
    }
  }, [identity])
}
