// What operators see and do under /operations; the shapes that its pages read.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { notifications } from '@mantine/notifications'
import type { Problem } from './client'
import { query, send } from './client'
import { showProblem } from './hooks'
import { useSession } from './session'

export interface Projection {
  subscriber: string
  position: number
  newest: number
  behind_events: number
  behind_seconds: number
  failure: string | null
  policy: string
  paused_at: string | null
  pause_reason: string | null
  parked_keys: number
  parked_events: number
  dropped_events: number
  twin: string | null
  twin_position: number | null
  health: string
}

export interface Message {
  message_id: string
  name: string
  target: string
  state: string
  attempt: number
  order_key: string | null
  aggregate_type: string
  aggregate_id: string
  /** Of the event that caused it, within its record. */
  sequence: number
  failure_kind: string | null
  run_at: string | null
  created_at: string
}

/** A key whose order holds messages back, with what has to go, or to be left out, first. */
export interface BlockedKey {
  order_key: string
  message_id: string
  name: string
  target: string
  state: string
  failure_kind: string
  created_at: string
  /** Messages that wait behind it, up to 1,000. */
  behind: number
}

export interface Attempt {
  lease_no: number
  attempt: number
  outcome: string | null
  failure_kind: string | null
  detail: string | null
  started_at: string
  finished_at: string | null
}

export interface MessageDetail extends Message {
  call: Record<string, unknown>
  attempts: Attempt[]
}

export interface Destination {
  target: string
  rate_per_second: number | null
  burst: number
  max_in_flight: number | null
  paused_until: string | null
  pause_reason: string | null
  breaker: string
  breaker_reason: string | null
  due: number
  oldest_due_seconds: number
  in_flight: number
}

/** An order to send again what has failed. */
export interface Redrive {
  redrive_id: string
  reason: string
  target: string | null
  /** Dead letters that fitted when it was ordered, and those tried again so far. */
  found: number
  revived: number
  started_at: string
  finished_at: string | null
}

export interface LoggedEvent {
  position: number
  aggregate_type: string
  aggregate_id: string
  sequence: number
  event_type: string
  event_version: string
  occurred_at: string
  recorded_at: string
  command_id: string
  correlation_id: string
  causation_id: string
  actor: string
  metadata: Record<string, unknown>
  payload: Record<string, unknown>
}

export interface ParkedKey {
  tenant_id: string
  projection: string
  key: string
  position: number
  event_type: string | null
  failure: string
  attempts: number
  waiting: number
  parked_at: string
}

export interface ReceivedWebhook {
  webhook_id: string
  provider: string
  event_key: string
  state: string
  received_at: string
}

export interface Finding {
  check: string
  state: string
  detail: string
  remedy: string | null
}

interface Listed<T> {
  items: T[]
  next_cursor?: string | null
}

/** How often pages of operators look again: what they show is not on the stream. */
const LOOK_AGAIN_MS = 3_000

/** A list of operations; `live` looks again by itself, which what is costly to find out does not. */
export function useOperations<T>(
  path: string,
  params: Record<string, unknown> = {},
  enabled = true,
  live = true,
) {
  return useQuery<Listed<T>, Problem>({
    queryKey: ['operations', path, params],
    queryFn: ({ signal }) => send<Listed<T>>('GET', `/operations/${path}${query(params)}`, { signal }),
    refetchInterval: live ? LOOK_AGAIN_MS : false,
    enabled,
  })
}

/** The tenant's own destinations, also for an operator, who sees those of all; and the path of an act on one of them. */
export function useDestinations() {
  const tenant = useSession().data?.tenant.slug
  const found = useOperations<Destination>('destinations', { tenant })
  const pathOf = (target: string, verb: string) =>
    `destinations/${encodeURIComponent(target)}/${verb}${query({ tenant })}`
  return { found, pathOf }
}

export function useOperation<T>(path: string, enabled = true) {
  return useQuery<{ item: T }, Problem>({
    queryKey: ['operations', path],
    queryFn: ({ signal }) => send<{ item: T }>('GET', `/operations/${path}`, { signal }),
    enabled,
  })
}

interface Act {
  path: string
  body?: Record<string, unknown>
  said: string
}

/** Does something about a projection, a message or a destination; the pages look again at once. */
export function useAct() {
  const client = useQueryClient()
  return useMutation<unknown, Problem, Act>({
    mutationFn: ({ path, body }) => send('POST', `/operations/${path}`, { body: body ?? {} }),
    onSuccess: (_, { said }) => {
      notifications.show({ message: said, color: 'teal' })
      return client.invalidateQueries({ queryKey: ['operations'] })
    },
    onError: showProblem,
  })
}
