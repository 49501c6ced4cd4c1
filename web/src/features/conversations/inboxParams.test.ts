import { expect, it } from 'vitest'
import { inboxParams } from './inboxParams'

it('shows what is open unless another filter is named, and an unknown one is as none', () => {
  expect(inboxParams({}, 'me')).toEqual({ status: 'open', limit: 50 })
  expect(inboxParams({ status: 'nonsense' }, 'me')).toEqual({ status: 'open', limit: 50 })
})

it('narrows further by channel, unread and words', () => {
  expect(inboxParams({ status: 'mine', channel: 'sms', unread: 'true', search: 'tofu' }, 'me')).toEqual({
    assigned_agent_id: 'me',
    channel: 'sms',
    unread: true,
    search: 'tofu',
    limit: 50,
  })
})
