// Events of one correlation as steps: one a command, each below what caused it.
import type { LoggedEvent } from '../../api/operations'
import { grouped } from '../../components/grouped'

export interface Step {
  commandId: string
  at: string
  depth: number
  events: LoggedEvent[]
}

/** Deeper chains are drawn at this depth. */
const MAX_DEPTH = 8

export function stepsOf(events: LoggedEvent[]): Step[] {
  const ordered = [...events].sort((one, other) => one.position - other.position)
  const byCommand = grouped(ordered, (event) => event.command_id)
  const depths = new Map<string, number>()
  return [...byCommand].map(([commandId, members]) => {
    const first = members[0]
    const above = first && first.causation_id !== commandId ? depths.get(first.causation_id) : undefined
    // What was caused by something outside of the trace begins at the margin.
    const depth = above === undefined ? 0 : Math.min(above + 1, MAX_DEPTH)
    depths.set(commandId, depth)
    for (const event of members) depths.set(String(event.position), depth)
    return { commandId, at: first?.recorded_at ?? '', depth, events: members }
  })
}
