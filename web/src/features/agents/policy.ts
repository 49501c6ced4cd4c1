// The rules for agents as a form holds them, and back. What the server leaves out is as by default.
import type { Body } from '../../api/client'
import { minorUnits, typedMoney } from '../../components/format'

export const CLASSES = ['write', 'outward', 'destructive', 'money', 'bulk', 'key'] as const
export type Class = (typeof CLASSES)[number]
export type Verdict = 'allow' | 'approve' | 'deny'
export const VERDICTS: Verdict[] = ['allow', 'approve', 'deny']
export const LIMITS = [
  'calls_per_minute',
  'writes_per_hour',
  'messages_per_day',
  'records_per_call',
  'refunds_minor_per_day',
  'customers_per_day',
] as const
export type Limit = (typeof LIMITS)[number]
/** The one limit that is an amount of money. */
export const MONEY_LIMIT: Limit = 'refunds_minor_per_day'

export type Policy = Partial<Record<Class, Verdict>> & {
  money_free_minor?: number
  bulk_free_records?: number
  approvers?: number
  link_domains?: string[]
  limits?: Partial<Record<Limit, number | null>>
}
export type PolicyForm = Record<Class | Limit | 'free' | 'freeRecords' | 'domains', string>
export type AgentsInput = NonNullable<Body<'update-settings'>['agents']>

const USUAL: Record<Class, Verdict> = {
  write: 'allow',
  outward: 'allow',
  destructive: 'approve',
  money: 'approve',
  bulk: 'approve',
  key: 'approve',
}

export function formOf(policy: Policy | undefined, currency: string): PolicyForm {
  const limit = (name: Limit): [Limit, string] => {
    const value = policy?.limits?.[name]
    if (value == null) return [name, '']
    return [name, name === MONEY_LIMIT ? typedMoney(value, currency) : String(value)]
  }
  return {
    ...USUAL,
    ...Object.fromEntries(CLASSES.map((name) => [name, policy?.[name] ?? USUAL[name]])),
    ...Object.fromEntries(LIMITS.map(limit)),
    free: typedMoney(policy?.money_free_minor ?? 0, currency),
    freeRecords: String(policy?.bulk_free_records ?? 0),
    domains: (policy?.link_domains ?? []).join(' '),
  } as PolicyForm
}

/** Null when something was typed that is no number. What the form does not show stays as it was. */
export function policyOf(form: PolicyForm, currency: string, before?: Policy): AgentsInput | null {
  const freeRecords = /^\d{1,4}$/.test(form.freeRecords.trim()) ? Number(form.freeRecords) : null
  const free = minorUnits(form.free || '0', currency)
  const limits = LIMITS.map((name): [Limit, number | null | undefined] => {
    const text = form[name].trim()
    if (!text) return [name, null]
    if (name === MONEY_LIMIT) return [name, minorUnits(text, currency) ?? undefined]
    return [name, /^\d{1,9}$/.test(text) ? Number(text) : undefined]
  })
  if (free === null || freeRecords === null || limits.some(([, value]) => value === undefined)) return null
  const verdicts = Object.fromEntries(CLASSES.map((name) => [name, form[name]]))
  const domains = form.domains.toLowerCase().split(/[\s,]+/)
  const link_domains = domains.filter((domain) => domain !== '')
  const sums = { money_free_minor: free, bulk_free_records: freeRecords, approvers: before?.approvers }
  return { ...verdicts, ...sums, link_domains, limits: Object.fromEntries(limits) } as AgentsInput
}
