// Who did something, for people: names instead of the ids of principals, where one may see them.
import { useMay } from '../api/session'
import type { ApiKey, Person } from '../api/team'
import { useTeam } from '../api/team'
import { humane, t } from '../texts'

/** The name behind a principal's id (`person:01a1…`, `service:01a1…`, `rapport:relay`) or a person's own id. */
export function actorName(actor: string, people: Pick<Person, 'id' | 'name'>[]): string {
  const [kind = '', ...rest] = actor.split(':')
  const id = rest.join(':') || kind
  const person = people.find((known) => known.id === id)
  if (person) return person.name
  if (kind === 'system' || kind === 'rapport') return t.customers.system
  return ['person', 'service', 'agent', 'operator'].includes(kind) ? humane(kind) : actor
}

export function useActorName(): (actor: string) => string {
  const may = useMay()
  const people = useTeam<Person>('people', may('people:read')).data?.items ?? []
  const keys = useTeam<ApiKey>('keys', may('keys:manage')).data?.items ?? []
  const named = keys.map((key) => ({ id: key.key_id, name: key.label }))
  return (actor) => actorName(actor, [...people, ...named])
}
