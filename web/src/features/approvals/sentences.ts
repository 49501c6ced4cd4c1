// What a call would do, in words: the command's name and arguments as a person would say them.
import { money } from '../../components/format'
import { humane, t } from '../../texts'

export type Arguments = Record<string, unknown>

export function argumentsOf(value: unknown): Arguments | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Arguments) : null
}

/** `refund-payment` of 2500 is "Refund $25.00 of a payment"; what has no sentence of its own is named. */
export function sentence(command: string, given: Arguments | null, currency: string): string {
  const said = t.approvals.sentences[command]
  if (!said || !given) return humane(command)
  const amount = given.amount_minor
  const named = typeof given.currency === 'string' ? given.currency : currency
  return said(given, typeof amount === 'number' ? money(amount, named) : '')
}
