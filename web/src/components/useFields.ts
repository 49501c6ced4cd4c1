// The fields of a form: what was typed, and what the server said about each.
import { useState } from 'react'
import type { ChangeEvent } from 'react'
import { Problem } from '../api/client'

type Values = Record<string, string>

export function useFields<V extends Values>(initial: V) {
  const [values, setValues] = useState(initial)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const set = (change: Partial<V>) => setValues((before) => ({ ...before, ...change }))
  /** What an input needs; `pointer` is where the command's body has the field. */
  const field = (name: keyof V & string, pointer = `/${name}`) => ({
    name,
    value: values[name] ?? '',
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) =>
      set({ [name]: event.currentTarget.value } as Partial<V>),
    error: problem?.errors.find((error) => error.pointer === pointer)?.message,
  })
  /** Sends the form; a refusal stays beside it until the next try. */
  const submit = (send: () => Promise<unknown>) => async (event?: React.FormEvent) => {
    event?.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      await send()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return { values, set, field, submit, busy, problem, setProblem }
}
