import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { expect, it } from 'vitest'
import { refresh } from './refresh'

/** A server whose answers are given when the test says so. */
function server() {
  const waiting: (() => void)[] = []
  let version = 1
  return {
    change: () => (version += 1),
    asked: () => waiting.length,
    answer: (index: number) => waiting[index]?.(),
    ask: ({ signal }: { signal: AbortSignal }) =>
      new Promise<number>((resolve, reject) => {
        const read = version
        signal.addEventListener('abort', () => reject(new Error('aborted')))
        waiting.push(() => resolve(read))
      }),
  }
}

it('asks again where the first answer is under way and older than the change', async () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const there = server()
  const observer = new QueryObserver<number>(client, { queryKey: ['template'], queryFn: there.ask })
  const leave = observer.subscribe(() => {})
  await expect.poll(there.asked).toBe(1)
  there.change()
  const refreshed = refresh(client)
  there.answer(0)
  await expect.poll(there.asked).toBe(2)
  there.answer(1)
  await refreshed
  expect(observer.getCurrentResult().data).toBe(2)
  leave()
})

it('asks nothing that it was not told of', async () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const there = server()
  const observer = new QueryObserver<number>(client, { queryKey: ['template'], queryFn: there.ask })
  const leave = observer.subscribe(() => {})
  await expect.poll(there.asked).toBe(1)
  await refresh(client, (query) => query.queryKey[0] === 'customers')
  there.answer(0)
  await expect.poll(() => observer.getCurrentResult().data).toBe(1)
  expect(there.asked()).toBe(1)
  leave()
})
