// One conversation: what was said by whom and how it arrived, what can be done with it, and the composer.
import { ActionIcon, Button, Group, Text, Title } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { Item, Problem } from '../../api/client'
import { ask, command } from '../../api/client'
import { useMay } from '../../api/session'
import { ProblemNote, Waiting } from '../../components/Page'
import { useActorName } from '../../components/useActorName'
import { Status } from '../../components/Status'
import { t } from '../../texts'
import { Composer } from './Composer'
import { CHANNEL_NAMES } from './inboxParams'
import { Messages } from './Messages'
import type { Suggested } from './Suggestion'
import { HandedOver, Suggestion } from './Suggestion'
import { ThreadActions } from './ThreadActions'
import css from './Inbox.module.css'

export type Thread = Item<'thread'>
const PAGE = 50

/** The thread with its messages, oldest first, as far back as was asked for. */
function useThread(id: string) {
  return useInfiniteQuery<Thread, Problem, { pages: Thread[] }, unknown[], string | null>({
    queryKey: ['thread', id],
    queryFn: async ({ pageParam, signal }) => {
      const before = pageParam === null ? {} : { before: pageParam }
      return (await ask('thread', { id, limit: PAGE, ...before }, signal)).item
    },
    initialPageParam: null,
    getNextPageParam: (page) => page.older,
  })
}

export function ThreadPane({
  id,
  onBack,
  onClosed,
}: {
  id: string
  onBack: () => void
  onClosed: () => void
}) {
  const found = useThread(id)
  const may = useMay()
  const actorName = useActorName()
  const end = useRef<HTMLDivElement>(null)
  const [edited, setEdited] = useState<Suggested | null>(null)
  const thread = found.data?.pages[0]
  const messages = found.data ? [...found.data.pages].reverse().flatMap((page) => page.messages) : []
  const newest = messages.at(-1)?.message_id
  const unread = thread?.unread_count ?? 0
  const canWrite = may('conversations:write')
  const suggestion = thread?.suggestion
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'end' })
  }, [newest, suggestion?.run_id])
  useEffect(() => {
    // Reading is not worth a notice when it fails: the next look tries again.
    if (unread > 0 && canWrite) command('mark-thread-read', { thread_id: id }).catch(() => undefined)
  }, [id, unread, newest, canWrite])
  return (
    <section className={css.thread} aria-label={thread?.customer_name || t.panels.customer}>
      {found.error && !thread && <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Waiting />}
      {thread && (
        <>
          <Group className={css.threadHead} justify="space-between" gap={6}>
            <Group gap={8} wrap="nowrap" miw={0}>
              <ActionIcon
                variant="subtle"
                color="gray"
                className={css.back}
                aria-label={t.inbox.back}
                onClick={onBack}
              >
                <IconArrowLeft size={18} />
              </ActionIcon>
              <div>
                <Title order={2} size="h5">
                  {thread.customer_name || thread.address || t.unknownName}
                </Title>
                <Text size="xs" c="dimmed">
                  {CHANNEL_NAMES[thread.channel]}
                  {thread.address ? ` · ${thread.address}` : ''}
                  {thread.subject ? ` · ${thread.subject}` : ''}
                  {thread.assigned_agent_id
                    ? ` · ${t.inbox.assignedTo(actorName(thread.assigned_agent_id))}`
                    : ''}
                </Text>
              </div>
              <Status value={thread.status} size="xs" />
            </Group>
            {canWrite && <ThreadActions thread={thread} onClosed={onClosed} />}
          </Group>
          <div className={css.messages} tabIndex={0} role="log" aria-label={t.inbox.threads}>
            {found.hasNextPage && (
              <Button
                size="compact-xs"
                variant="default"
                loading={found.isFetchingNextPage}
                onClick={() => void found.fetchNextPage()}
              >
                {t.inbox.older}
              </Button>
            )}
            <Messages messages={messages} />
            {canWrite && suggestion && suggestion.run_id !== edited?.run_id && (
              <Suggestion
                suggestion={suggestion}
                onEdit={() => setEdited(suggestion)}
                key={suggestion.run_id}
              />
            )}
            <div ref={end} />
          </div>
          {thread.handed_over && <HandedOver why={thread.handed_over} />}
          {canWrite && (
            <Composer
              key={edited?.run_id ?? 'own'}
              thread={thread}
              suggestion={edited}
              onDrop={() => setEdited(null)}
              newest={messages.findLast((message) => message.direction !== 'note')?.message_id}
            />
          )}
        </>
      )}
    </section>
  )
}
