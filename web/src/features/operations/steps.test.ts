import { expect, it } from 'vitest'
import type { LoggedEvent } from '../../api/operations'
import { stepsOf } from './steps'

const event = (position: number, command_id: string, causation_id: string) =>
  ({ position, command_id, causation_id, recorded_at: '' }) as LoggedEvent

it('puts the events of a command together and what they caused below them, in the order of the log', () => {
  const steps = stepsOf([
    event(3, 'pay', 'book'),
    event(1, 'book', 'book'),
    event(2, 'book', 'book'),
    event(4, 'other', 'elsewhere'),
  ])
  expect(steps.map(({ commandId, depth, events }) => [commandId, depth, events.length])).toEqual([
    ['book', 0, 2],
    ['pay', 1, 1],
    ['other', 0, 1],
  ])
})
