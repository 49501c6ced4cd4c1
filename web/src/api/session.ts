// Who is signed in, and everything about signing in and out.
import { useQuery } from '@tanstack/react-query'
import { Problem, send } from './client'

export interface Session {
  person: { id: string; name: string; email: string }
  tenant: { id: string; slug: string; name: string }
  role: string
  is_operator: boolean
  /** What stands between the session and its rights. */
  second_factor: NextStep
  permissions: string[]
  second_factor_at: string | null
  second_factor_fresh_until: string | null
  expires_at: string
}

export type NextStep = 'none' | 'required' | 'enrolment-required'

export const auth = {
  signIn: (email: string, password: string) =>
    send<{ second_factor: NextStep }>('POST', '/auth/sign-in', { body: { email, password } }),
  secondFactor: (code: string) => send<unknown>('POST', '/auth/second-factor', { body: { code } }),
  enrol: () =>
    send<{ secret: string; otpauth_url: string }>('POST', '/auth/second-factor/enrol', { body: {} }),
  confirmEnrolment: (code: string) =>
    send<{ recovery_codes: string[] }>('POST', '/auth/second-factor/confirm', { body: { code } }),
  signOut: () => send<unknown>('POST', '/auth/sign-out', { body: {} }),
  reset: (email: string) => send<unknown>('POST', '/auth/reset', { body: { email } }),
  confirmReset: (token: string, password: string) =>
    send<unknown>('POST', '/auth/reset/confirm', { body: { token, password } }),
  accept: (token: string, name: string, password: string) =>
    send<unknown>('POST', '/auth/invitations/accept', { body: { token, name, password } }),
  setUp: (body: { token: string; email: string; name: string; password: string; business?: string }) =>
    send<unknown>('POST', '/auth/set-up', { body }),
  changePassword: (current: string, next: string) =>
    send<unknown>('POST', '/auth/password', { body: { current, new: next } }),
}

export interface SignInProvider {
  tenant: string
  /** On the button. */
  title: string
}

/** By which provider people of a business sign in, if it has one; of the only business when none is named. */
export function useSignInProviders(tenant: string | null) {
  return useQuery<SignInProvider[], Problem>({
    queryKey: ['sign-in-providers', tenant],
    queryFn: async ({ signal }) => {
      const query = tenant ? `?tenant=${encodeURIComponent(tenant)}` : ''
      const found = await send<{ items: SignInProvider[] }>('GET', `/auth/openid${query}`, { signal })
      return found.items
    },
    staleTime: 60_000,
    retry: false,
  })
}

/** Where a browser begins to sign in by a provider, to come back to a path of ours. */
export function startOf(provider: SignInProvider, returnTo: string): string {
  const query = new URLSearchParams({ tenant: provider.tenant, return_to: returnTo })
  return `/auth/openid/start?${query.toString()}`
}

export const SESSION_KEY = ['session']

/** The session, or null when nobody is signed in. */
export function useSession() {
  return useQuery<Session | null, Problem>({
    queryKey: SESSION_KEY,
    queryFn: async ({ signal }) => {
      try {
        return await send<Session>('GET', '/auth/session', { signal })
      } catch (error) {
        if (error instanceof Problem && (error.status === 401 || error.status === 403)) return null
        throw error
      }
    },
    staleTime: 60_000,
  })
}

/** Whether whoever is signed in may do this: a permission by its wire name. */
export function useMay(): (permission: string) => boolean {
  const permissions = useSession().data?.permissions
  return (permission) => permissions?.includes(permission) ?? false
}
