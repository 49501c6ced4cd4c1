// Asks again what may be old by now. A question whose first answer is still under way is asked anew as well: that answer may
// have been read before the change, and nothing would say so afterwards.
import type { Query, QueryClient } from '@tanstack/react-query'

/** Answers once everything that is on screen has been asked again. */
export async function refresh(client: QueryClient, isOld: (query: Query) => boolean = () => true) {
  // Invalidating alone keeps a first request that is under way, and takes its answer for a fresh one.
  const isFirst = (query: Query) => isOld(query) && query.state.data === undefined
  const first = client.getQueryCache().findAll({ predicate: isFirst, fetchStatus: 'fetching' })
  await Promise.all(first.map((query) => query.cancel({ revert: true })))
  await client.invalidateQueries({ predicate: isOld })
}
