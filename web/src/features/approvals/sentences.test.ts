import { expect, it } from 'vitest'
import { argumentsOf, sentence } from './sentences'

it('says what a call would do, with its money', () => {
  expect(sentence('refund-payment', { payment_id: 'p', amount_minor: 2500 }, 'USD')).toBe(
    'Refund $25.00 of a payment',
  )
  expect(sentence('refund-payment', { payment_id: 'p' }, 'USD')).toBe('Refund a whole payment')
  expect(sentence('cancel-booking', { reason: 'rain' }, 'USD')).toBe('Cancel a booking: “rain”')
})

it('names what it has no words for, and what it may not see', () => {
  expect(sentence('rotate-webhook-secret', {}, 'USD')).toBe('Rotate webhook secret')
  expect(sentence('send-message', argumentsOf(null), 'USD')).toBe('Send message')
})
