import { expect, it } from 'vitest'
import type { Message } from '../../api/operations'
import { blockedKeys } from './blockedKeys'

function message(message_id: string, order_key: string | null, created_at: string): Message {
  return { message_id, order_key, created_at } as Message
}

it('names the oldest failed message of a key that others wait for', () => {
  const failed = [message('b', 'k1', '2026-01-02'), message('a', 'k1', '2026-01-01')]
  const waiting = [message('c', 'k1', '2026-01-03'), message('d', 'k1', '2026-01-04')]
  expect(blockedKeys(failed, waiting)).toEqual([{ key: 'k1', first: failed[1], behind: 2 }])
})

it('leaves out keys that hold nobody back, and messages without order', () => {
  const failed = [message('a', null, '2026-01-01'), message('b', 'k2', '2026-01-02')]
  const waiting = [message('c', null, '2026-01-03'), message('d', 'k2', '2026-01-01')]
  expect(blockedKeys(failed, waiting)).toEqual([])
})
