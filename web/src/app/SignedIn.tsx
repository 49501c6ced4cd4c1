// The gate: whoever is not signed in signs in here, and then sees the page of the address.
import { useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { lazy, Suspense, useEffect } from 'react'
import { listen } from '../api/live'
import { useSession } from '../api/session'
import { ProblemNote, Waiting } from '../components/Page'
import { useTenant, Zone } from '../components/useTenant'
import { TimeHints } from '../components/When'
import { Shell } from './Shell'

const SignInPage = lazy(() =>
  import('../features/people/SignInPage').then((page) => ({ default: page.SignInPage })),
)

export function SignedIn() {
  const session = useSession()
  const client = useQueryClient()
  const person = session.data?.second_factor === 'none' ? session.data.person.id : null
  useEffect(() => (person ? listen(client) : undefined), [client, person])
  if (session.isPending) return <Waiting />
  if (session.error && !session.data)
    return <ProblemNote problem={session.error} onRetry={() => void session.refetch()} />
  if (!session.data || session.data.second_factor !== 'none') {
    return (
      <Suspense fallback={<Waiting rows={3} />}>
        <SignInPage step={session.data?.second_factor ?? null} />
      </Suspense>
    )
  }
  return (
    <InZone>
      <Shell session={session.data} />
      <TimeHints />
    </InZone>
  )
}

function InZone({ children }: { children: ReactNode }) {
  return <Zone value={useTenant().settings?.time_zone}>{children}</Zone>
}
