// The server's answers as React sees them: cached, refreshed by the stream, and changed by commands.
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { notifications } from '@mantine/notifications'
import type {
  Answer,
  Body,
  CommandName,
  CommandOptions,
  Done,
  Item,
  ListName,
  Params,
  QueryName,
  Problem,
} from './client'
import { ask, command } from './client'
import { lastingCursor } from './known'
import { refresh } from './refresh'
import { createElement, useMemo } from 'react'
import { UndoMessage } from '../components/UndoMessage'
import { t } from '../texts'

/** Rows of one page of a list. */
const PAGE = 100

export function useAsk<N extends QueryName>(name: N, params: Params<N>, options: { enabled?: boolean } = {}) {
  return useQuery<Answer<N>, Problem>({
    queryKey: [name, params],
    queryFn: ({ signal }) => ask(name, params, signal),
    placeholderData: keepPreviousData,
    ...options,
  })
}

interface PageOf<N extends ListName> {
  items: Item<N>[]
  next_cursor: string | null
}

/** A list of any length, page by page; `rows` holds what has come so far. */
export function useList<N extends ListName>(name: N, params: Omit<Params<N>, 'cursor'>) {
  const found = useInfiniteQuery({
    queryKey: [name, 'list', params],
    queryFn: async ({ pageParam, signal }) => {
      const wanted = { limit: PAGE, ...params, cursor: pageParam ?? undefined } as unknown as Params<N>
      const page = (await ask(name, wanted, signal)) as unknown as PageOf<N>
      if (page.next_cursor === null) return page
      const behind = JSON.stringify([name, params, page.items.at(-1)])
      const next_cursor = lastingCursor(behind, page.next_cursor)
      return next_cursor === page.next_cursor ? page : { ...page, next_cursor }
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last: PageOf<N>) => last.next_cursor,
    placeholderData: keepPreviousData,
  })
  const pages = found.data?.pages
  const rows = useMemo(() => pages?.flatMap((page) => page.items) ?? [], [pages])
  return { ...found, rows, problem: found.error as Problem | null }
}

interface CommandHook {
  /** Shown when it is done. */
  said?: string
  /** A refusal is shown by the caller, not as a notice. */
  quiet?: boolean
}

/** A command as a mutation; everything on screen is asked again once it is done. */
export function useCommand<N extends CommandName>(name: N, hook: CommandHook = {}) {
  const client = useQueryClient()
  return useMutation<Done, Problem, Body<N> & { $options?: CommandOptions }>({
    mutationFn: ({ $options, ...body }) => command(name, body as unknown as Body<N>, $options),
    onSuccess: () => {
      if (hook.said) notifications.show({ message: hook.said, color: 'teal' })
      return refresh(client)
    },
    onError: (problem) => {
      if (!hook.quiet) showProblem(problem)
    },
  })
}

/** Says what was done and offers to take it back. */
export function showUndo(message: string, undo: () => void) {
  const id = notifications.show({
    color: 'teal',
    autoClose: 8_000,
    message: createElement(UndoMessage, {
      message,
      onUndo: () => {
        notifications.hide(id)
        undo()
      },
    }),
  })
}

/** A refusal as a notice: what is wrong, what to do, and the code to quote. */
export function showProblem(problem: Problem) {
  const fields = problem.errors.map((error) => `${error.pointer}: ${error.message}`).join('\n')
  notifications.show({
    title: problem.status === 412 ? t.problems.stale : t.problems.title(problem.status),
    message: `${problem.detail}${fields ? `\n${fields}` : ''} (${problem.code})`,
    color: 'red',
    autoClose: 10_000,
  })
}
