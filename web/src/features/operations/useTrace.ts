// Everything that belongs to one intent: its events, the effects that they have ordered, and what providers told later.
import { useQuery } from '@tanstack/react-query'
import type { Problem } from '../../api/client'
import { query, send } from '../../api/client'
import type { LoggedEvent, Message, ReceivedWebhook } from '../../api/operations'
import { followUps } from './steps'

/** Pages of the log that are looked through for one correlation, the newest first. */
const MAX_PAGES = 10
/** Records that one trace follows. */
const MAX_STREAMS = 6
const PAGE = 200

export interface WholeTrace {
  events: LoggedEvent[]
  messages: Message[]
  webhooks: ReceivedWebhook[]
}

interface PageOf<T> {
  items: T[]
  next_cursor: string | null
}

export function useTrace(correlation: string) {
  return useQuery<WholeTrace, Problem>({
    queryKey: ['operations', 'trace', correlation],
    queryFn: ({ signal }) => collect(correlation, signal),
  })
}

async function collect(correlation: string, signal: AbortSignal): Promise<WholeTrace> {
  const events = await listEvents(correlation, signal)
  const ids = [...new Set(events.map((event) => event.aggregate_id))].slice(0, MAX_STREAMS)
  const path = (id: string) => encodeURIComponent(id)
  const [messages, streams, webhooks] = await Promise.all([
    Promise.all(
      ids.map((id) =>
        send<PageOf<Message>>('GET', `/operations/outbox?limit=${PAGE}&aggregate_id=${path(id)}`, { signal }),
      ),
    ),
    Promise.all(
      ids.map((id) => send<PageOf<LoggedEvent>>('GET', `/operations/streams/${path(id)}`, { signal })),
    ),
    send<PageOf<ReceivedWebhook>>('GET', `/operations/webhooks?limit=${PAGE}`, { signal }),
  ])
  const later =
    events.length > 0
      ? followUps(
          events,
          streams.flatMap((stream) => stream.items),
        )
      : []
  return {
    events: [...events, ...later],
    messages: messages.flatMap((page) => page.items),
    webhooks: webhooks.items,
  }
}

async function listEvents(correlation: string, signal: AbortSignal): Promise<LoggedEvent[]> {
  const found: LoggedEvent[] = []
  let cursor: string | null = null
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const params: string = query({ correlation_id: correlation, limit: PAGE, cursor })
    const answer: PageOf<LoggedEvent> = await send('GET', `/operations/events${params}`, { signal })
    found.push(...answer.items)
    cursor = answer.next_cursor
    if (cursor === null) break
  }
  return found
}
