// The version of a record that a form of a page shows. While nothing is typed it is the newest; what is being typed is never
// replaced by what somebody else saves.
import { useState } from 'react'

export function useHeld<T extends { sequence: number }>(newest: T) {
  const [kept, keep] = useState(newest)
  const [isTouched, setTouched] = useState(false)
  if (!isTouched && kept.sequence !== newest.sequence) keep(newest)
  const held = isTouched ? kept : newest
  return { held, isOld: held.sequence !== newest.sequence, setTouched }
}
