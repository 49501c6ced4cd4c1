// Asks for the second factor again where an act wants it fresh; the act then goes on by itself.
import { lazy, Suspense, useEffect, useState } from 'react'
import { whenFactorNeeded } from '../api/client'

const FactorForm = lazy(() => import('./FactorForm').then((m) => ({ default: m.FactorForm })))

type Answer = (given: boolean) => void

export function FactorDialog() {
  const [answer, setAnswer] = useState<{ give: Answer } | null>(null)
  useEffect(() => {
    whenFactorNeeded(() => new Promise<boolean>((give) => setAnswer({ give })))
    return () => whenFactorNeeded(() => Promise.resolve(false))
  }, [])
  if (!answer) return null
  const finish = (given: boolean) => {
    answer.give(given)
    setAnswer(null)
  }
  return (
    <Suspense fallback={null}>
      <FactorForm onDone={finish} />
    </Suspense>
  )
}
