import { expect, it } from 'vitest'
import { formOf, policyOf } from './policy'

it('shows the usual rules where none are set, and sends back what it showed', () => {
  const form = formOf(undefined, 'USD')
  expect(form).toMatchObject({ write: 'allow', money: 'approve', free: '0.00', calls_per_minute: '' })
  expect(policyOf(form, 'USD')).toMatchObject({
    outward: 'allow',
    key: 'approve',
    money_free_minor: 0,
    limits: { calls_per_minute: null, refunds_minor_per_day: null },
  })
})

it('reads money as money and counts as counts, and nothing else', () => {
  const form = formOf({ money_free_minor: 2500, limits: { refunds_minor_per_day: 10000 } }, 'USD')
  expect(form).toMatchObject({ free: '25.00', refunds_minor_per_day: '100.00' })
  expect(policyOf({ ...form, messages_per_day: '40' }, 'USD')).toMatchObject({
    money_free_minor: 2500,
    limits: { refunds_minor_per_day: 10000, messages_per_day: 40 },
  })
  expect(policyOf({ ...form, messages_per_day: 'many' }, 'USD')).toBeNull()
  expect(policyOf({ ...form, free: '-1' }, 'USD')).toBeNull()
  expect(policyOf({ ...form, freeRecords: 'all' }, 'USD')).toBeNull()
})

it('keeps what it does not show', () => {
  const before = { bulk_free_records: 20, approvers: 2, link_domains: ['pay.example', 'us.example'] }
  expect(policyOf(formOf(before, 'USD'), 'USD', before)).toMatchObject(before)
})
