// The version that a form was begun on, and the newer one that somebody saved meanwhile. The form is not carried along by
// live updates: what one has not seen, one does not overwrite.
import { useState } from 'react'
import { Problem } from '../api/client'
import type { Fields } from './merging'

export interface Version<F extends Fields> {
  fields: F
  sequence: number
}

/** `save` sends what differs from a version; `newest` looks the newer one up. */
export function useVersions<F extends Fields>(
  first: Version<F>,
  save: (fields: F, on: Version<F>) => Promise<unknown>,
  newest: () => Promise<Version<F>>,
) {
  const [base] = useState(first)
  const [theirs, setTheirs] = useState<Version<F> | null>(null)
  /** Answers whether it is saved; else there is a choice to make. */
  const send = async (fields: F): Promise<boolean> => {
    try {
      await save(fields, theirs ?? base)
      return true
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 412) throw error
      setTheirs(await newest())
      return false
    }
  }
  /** Shows the newer version before anything is sent. */
  const look = async () => setTheirs(await newest())
  /** Back to the form, with what was typed. */
  const back = () => setTheirs(null)
  return { base, theirs, send, look, back }
}
