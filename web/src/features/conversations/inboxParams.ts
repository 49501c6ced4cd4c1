// What the address says about the inbox, as the query wants it.
import type { Item, Params } from '../../api/client'

export type ThreadRow = Item<'inbox'>
export type Channel = NonNullable<Params<'inbox'>['channel']>

export interface Search {
  thread?: string
  /** Which threads: one of `FILTERS`. */
  status?: string
  channel?: Channel
  unread?: string
  search?: string
}

export const FILTERS = ['open', 'mine', 'unassigned', 'snoozed', 'closed', 'all'] as const
export const CHANNELS: Channel[] = ['sms', 'whatsapp', 'email', 'web_chat', 'phone']

export function inboxParams(filters: Search, person: string): Omit<Params<'inbox'>, 'cursor'> {
  const by: Record<string, Params<'inbox'>> = {
    open: { status: 'open' },
    mine: { assigned_agent_id: person },
    unassigned: { unassigned: true, status: 'open' },
    snoozed: { status: 'snoozed' },
    closed: { status: 'closed' },
    all: {},
  }
  return {
    ...(by[filters.status ?? 'open'] ?? by.open),
    ...(filters.channel && { channel: filters.channel }),
    ...(filters.unread === 'true' && { unread: true }),
    ...(filters.search && { search: filters.search }),
    limit: 50,
  }
}

/** The address of a list with these filters of the query. */
export function searchOf(filters: Record<string, unknown>): Omit<Search, 'thread'> {
  const text = (name: string) => (filters[name] === undefined ? undefined : String(filters[name]))
  const status = filters.assigned_agent_id
    ? 'mine'
    : filters.unassigned
      ? 'unassigned'
      : (text('status') ?? 'all')
  return {
    status: status === 'open' ? undefined : status,
    channel: text('channel') as Channel | undefined,
    unread: text('unread'),
    search: text('search'),
  } as Omit<Search, 'thread'>
}

/** The server's names of channels, for people. */
export const CHANNEL_NAMES: Record<string, string> = {
  sms: 'SMS',
  whatsapp: 'WhatsApp',
  email: 'E-mail',
  web_chat: 'Web chat',
  phone: 'Phone',
}
