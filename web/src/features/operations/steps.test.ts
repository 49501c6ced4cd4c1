import { describe, expect, it } from 'vitest'
import type { LoggedEvent, Message, ReceivedWebhook } from '../../api/operations'
import { followUps, stepsOf } from './steps'

const event = (
  position: number,
  command: string,
  cause: string,
  change: Partial<LoggedEvent> = {},
): LoggedEvent => ({
  position,
  command_id: command,
  causation_id: cause,
  recorded_at: `2026-11-21T12:00:0${position}Z`,
  aggregate_type: 'conversation',
  aggregate_id: 'c1',
  sequence: position,
  event_type: 'E',
  event_version: '1',
  occurred_at: '',
  correlation_id: 'x',
  actor: 'a',
  metadata: { command: 'send-message' },
  payload: {},
  ...change,
})
const message = { aggregate_type: 'conversation', aggregate_id: 'c1', sequence: 1 } as Message
const webhook = { webhook_id: 'w', provider: 'twilio' } as ReceivedWebhook

describe('steps', () => {
  it('stand one a command below what caused it, with the effects of their events', () => {
    const steps = stepsOf([event(3, 'c', 'b'), event(1, 'a', 'a'), event(2, 'b', 'a')], [message])
    expect(steps.map(({ commandId, depth }) => [commandId, depth])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
    ])
    expect(steps.map((step) => step.effects.length)).toEqual([1, 0, 0])
    expect(steps[0]?.command).toBe('send-message')
  })
  it('know the webhook that told of them, and say when their cause is not there', () => {
    const [first, told, loose] = stepsOf(
      [event(1, 'a', 'a'), event(2, 'b', 'w'), event(3, 'c', 'gone')],
      [],
      [webhook],
    )
    expect([first?.webhook, told?.webhook?.provider, told?.depth]).toEqual([null, 'twilio', 1])
    expect([told?.isLoose, loose?.isLoose, loose?.depth]).toEqual([false, true, 0])
  })
})

describe('follow-ups', () => {
  it('name something that the trace has made, and nothing that merely happened later', () => {
    const sent = event(1, 'a', 'a', { payload: { MessageSent: { message_id: 'm1', customer_id: 'k' } } })
    const delivered = event(4, 'd', 'w', { payload: { MessageDelivered: { message_id: 'm1' } } })
    const other = event(5, 'e', 'e', { payload: { MessageReceived: { message_id: 'm2', customer_id: 'k' } } })
    expect(followUps([sent], [sent, delivered, other])).toEqual([delivered])
  })
})
