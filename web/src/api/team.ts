// People, sessions and keys, as /auth shows them.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { notifications } from '@mantine/notifications'
import type { Problem } from './client'
import { send } from './client'
import { showProblem } from './hooks'

export interface Person {
  id: string
  name: string
  email: string
  role: string
  standing: string
  second_factor: boolean
  created_at: string
  signed_in_at: string | null
}

/** What a person can be given: a role, or a set of permissions of the tenant's own within one. */
export interface NamedRole {
  name: string
  within: string
  is_own: boolean
}

export interface OwnSession {
  id: string
  is_current: boolean
  agent: string | null
  created_at: string
  last_used_at: string
  expires_at: string
}

export interface ApiKey {
  key_id: string
  label: string
  kind: string
  role: string
  created_at: string
  expires_at: string | null
  last_used_at: string | null
  revoked_at: string | null
}

/** A program that signs in by OAuth. */
export interface Program {
  client_id: string
  name: string
  kind: string
  role: string
  redirect_uris: string[]
  created_at: string
  revoked_at: string | null
}

/** What one has let a program do. */
export interface OwnGrant {
  grant_id: string
  client_name: string
  scopes: string[]
  last_used_at: string | null
  ends_at: string
}

/** A list under /auth. */
export function useTeam<T>(
  what: 'people' | 'keys' | 'roles' | 'sessions' | 'clients' | 'grants',
  enabled = true,
) {
  return useQuery<{ items: T[] }, Problem>({
    queryKey: ['team', what],
    queryFn: ({ signal }) => send('GET', `/auth/${what}`, { signal }),
    enabled,
  })
}

interface TeamAct {
  method: 'POST' | 'DELETE'
  path: string
  body?: unknown
  said?: string
}

/** Changes something about people, sessions or keys. */
export function useTeamAct() {
  const client = useQueryClient()
  return useMutation<unknown, Problem, TeamAct>({
    mutationFn: ({ method, path, body }) =>
      send(method, `/auth/${path}`, method === 'POST' ? { body: body ?? {} } : {}),
    onSuccess: (_, { said }) => {
      if (said) notifications.show({ message: said, color: 'teal' })
      return client.invalidateQueries({ queryKey: ['team'] })
    },
    onError: showProblem,
  })
}
