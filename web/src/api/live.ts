// The server's stream of changes: whatever it names is asked again. Says honestly when it is not listening.
import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import type { QueryName } from './client'
import { refresh } from './refresh'

/** Which queries a topic of the stream makes stale. */
const STALE: Record<string, QueryName[]> = {
  approvals: ['approvals', 'approval'],
  assistant: ['thread', 'assistant-runs', 'agents', 'ai-usage'],
  'bulk-runs': ['bulk-run', 'bulk-runs'],
  bookings: ['booking', 'bookings', 'schedule-board', 'availability', 'customer-360', 'dashboard'],
  chefs: ['chefs', 'schedule-board', 'availability'],
  customers: ['customers', 'customer-360', 'inbox', 'bookings', 'booking'],
  inbox: ['inbox', 'thread', 'conversation-stats', 'customer-360'],
  imports: ['imports', 'import-rows', 'import-preview'],
  facts: ['facts', 'customer-360'],
  journeys: ['journeys', 'journey'],
  'journey-runs': ['journey-runs', 'journeys', 'journey', 'customer-360'],
  views: ['views'],
  payments: ['payments-feed', 'booking', 'bookings', 'customer-360', 'dashboard'],
  templates: ['templates', 'template', 'template-preview'],
  tenants: ['tenant'],
  webhooks: ['webhook-endpoints', 'webhook-deliveries', 'webhook-replays'],
}

/** Changes that come together are asked for once. */
const GATHER_MS = 120
/** The next ones wait until those before have been asked for, so that long lists get to their end; no longer than this. */
const MAX_REFRESH_MS = 3_000
/** The longest wait between two attempts to listen again. */
const MAX_RETRY_MS = 15_000
/** The server speaks every 15 seconds; three silences mean that nobody is there. */
const SILENCE_MS = 50_000

export type Standing = { state: 'connecting' | 'live' } | { state: 'stale'; since: number }

let standing: Standing = { state: 'connecting' }
const watchers = new Set<() => void>()

function stand(next: Standing) {
  if (next.state === standing.state) return
  standing = next
  watchers.forEach((watch) => watch())
}

export function useStanding(): Standing {
  return useSyncExternalStore(
    (watch) => {
      watchers.add(watch)
      return () => watchers.delete(watch)
    },
    () => standing,
  )
}

/** The wait before the nth attempt to listen again, in milliseconds. */
export function retryDelay(failures: number, random = Math.random()): number {
  return Math.min(MAX_RETRY_MS, 500 * 2 ** failures) * (0.5 + random / 2)
}

/** The queries that changes of these topics make stale. */
export function staleQueries(topics: Iterable<string>): Set<string> {
  return new Set([...topics].flatMap((topic) => STALE[topic] ?? []))
}

/** Listens until the returned function is called. */
export function listen(client: QueryClient): () => void {
  let source: EventSource | null = null
  let failures = 0
  let gathered = new Set<string>()
  let gathering: ReturnType<typeof setTimeout> | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let seen = Date.now()

  const catchUp = async () => {
    const names = staleQueries(gathered)
    gathered = new Set()
    const asked = refresh(client, (query) => names.has(String(query.queryKey[0])))
    await Promise.race([asked, new Promise((done) => setTimeout(done, MAX_REFRESH_MS))])
    gathering = undefined
    if (gathered.size > 0) gather()
  }
  const gather = () => {
    gathering ??= setTimeout(() => void catchUp(), GATHER_MS)
  }
  const open = () => {
    source = new EventSource('/stream')
    source.onopen = () => {
      // What happened while nobody listened is unknown, so everything is asked again.
      if (standing.state === 'stale') void refresh(client)
      failures = 0
      seen = Date.now()
      stand({ state: 'live' })
    }
    source.onerror = () => {
      source?.close()
      stand({ state: 'stale', since: Date.now() })
      clearTimeout(retry)
      retry = setTimeout(open, retryDelay(failures++))
    }
    for (const topic of Object.keys(STALE)) {
      source.addEventListener(topic, () => {
        seen = Date.now()
        gathered.add(topic)
        gather()
      })
    }
  }
  const startOver = () => {
    seen = Date.now()
    source?.close()
    stand({ state: 'stale', since: Date.now() })
    clearTimeout(retry)
    open()
  }
  // After sleep the connection looks open and is not: a long gap means starting over.
  const wake = () => {
    if (document.visibilityState === 'visible' && Date.now() - seen >= SILENCE_MS) startOver()
  }
  // Without a network the connection is gone, whatever it looks like.
  const lose = () => {
    source?.close()
    clearTimeout(retry)
    stand({ state: 'stale', since: Date.now() })
  }
  open()
  document.addEventListener('visibilitychange', wake)
  window.addEventListener('online', startOver)
  window.addEventListener('offline', lose)
  return () => {
    document.removeEventListener('visibilitychange', wake)
    window.removeEventListener('online', startOver)
    window.removeEventListener('offline', lose)
    clearTimeout(retry)
    clearTimeout(gathering)
    source?.close()
    stand({ state: 'connecting' })
  }
}
