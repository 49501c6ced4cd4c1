// One intent as steps: one a command, each below what caused it, with its events and effects; and the webhooks by which
// providers told later what became of it.
import type { LoggedEvent, Message, ReceivedWebhook } from '../../api/operations'
import { grouped } from '../../components/grouped'

export interface Step {
  commandId: string
  /** The command's name, where the event tells it. */
  command: string | null
  actor: string
  at: string
  depth: number
  events: LoggedEvent[]
  effects: Message[]
  /** Who told us of it, when a webhook caused the step. */
  webhook: ReceivedWebhook | null
  /** Caused by something that is not shown. */
  isLoose: boolean
}

/** Deeper chains are drawn at this depth. */
const MAX_DEPTH = 8

export function stepsOf(
  events: LoggedEvent[],
  messages: Message[] = [],
  webhooks: ReceivedWebhook[] = [],
): Step[] {
  const ordered = [...events].sort((one, other) => one.position - other.position)
  const byCommand = grouped(ordered, (event) => event.command_id)
  const depths = new Map<string, number>()
  return [...byCommand].map(([commandId, members]) => {
    const first = members[0]
    const cause = first?.causation_id ?? commandId
    const webhook = webhooks.find((one) => one.webhook_id === cause) ?? null
    const isFirst = cause === commandId
    const above = isFirst ? undefined : (depths.get(cause) ?? (webhook && depths.size > 0 ? 0 : undefined))
    // What was caused by something outside of the trace begins at the margin.
    const depth = above === undefined ? 0 : Math.min(above + 1, MAX_DEPTH)
    depths.set(commandId, depth)
    for (const event of members) depths.set(String(event.position), depth)
    return {
      commandId,
      command: textOf(first?.metadata.command),
      actor: first?.actor ?? '',
      at: first?.recorded_at ?? '',
      depth,
      events: members,
      effects: messages.filter((message) => members.some((event) => isCausedBy(message, event))),
      webhook,
      isLoose: !isFirst && above === undefined && webhook === null,
    }
  })
}

function isCausedBy(message: Message, event: LoggedEvent): boolean {
  return (
    message.aggregate_type === event.aggregate_type &&
    message.aggregate_id === event.aggregate_id &&
    message.sequence === event.sequence
  )
}

/** Ids of things that live as long as a record tell nothing about one intent. */
const BROAD = new Set(['customer_id', 'thread_id', 'conversation_id', 'tenant_id', 'chef_id', 'command_id'])

/** Later events of the same records that name what the trace has made: a message delivered, a payment arrived. */
export function followUps(trace: LoggedEvent[], streams: LoggedEvent[]): LoggedEvent[] {
  const known = new Set(trace.map((event) => event.position))
  const begin = Math.min(...trace.map((event) => event.position))
  const made = new Set(trace.flatMap((event) => idsIn(event.payload)))
  const later = streams.filter(
    (event) =>
      event.position > begin && !known.has(event.position) && idsIn(event.payload).some((id) => made.has(id)),
  )
  return [...new Map(later.map((event) => [event.position, event])).values()]
}

function idsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'string'
      ? name.endsWith('_id') && !BROAD.has(name) && inner
        ? [inner]
        : []
      : idsIn(inner),
  )
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value ? value : null
}
