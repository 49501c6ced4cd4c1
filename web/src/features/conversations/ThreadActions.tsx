// What can be done with a thread besides writing in it.
import { Button, Group, Menu, Select } from '@mantine/core'
import { showUndo, useCommand } from '../../api/hooks'
import { useSession } from '../../api/session'
import { plusDays, today } from '../../components/format'
import { useZone } from '../../components/useTenant'
import { ActionButton } from '../../registry/ActionButton'
import type { Action } from '../../registry/actions'
import { useActions } from '../../registry/actions'
import { t } from '../../texts'
import type { Thread } from './ThreadPane'
import { inZone } from './inZone'

const AI_MODES = ['off', 'suggest', 'auto'] as const
type AiMode = (typeof AI_MODES)[number]

export function ThreadActions({ thread, onClosed }: { thread: Thread; onClosed: () => void }) {
  const { thread_id } = thread
  const me = useSession().data?.person
  const assign = useCommand('assign-thread', { said: t.inbox.assigned })
  const unassign = useCommand('unassign-thread', { said: t.inbox.unassigned })
  const close = useCommand('close-thread')
  const reopen = useCommand('reopen-thread', { said: t.inbox.reopened })
  const setMode = useCommand('set-ai-mode', { said: t.inbox.aiChanged })
  const handOver = useCommand('hand-over-thread', { said: t.suggestion.handedOverSaid })
  const mine = !!me && thread.assigned_agent_id === me.id
  const section = t.sections.here
  const closeIt = () =>
    close.mutate(
      { thread_id },
      {
        onSuccess: () => {
          showUndo(t.inbox.closed, () => reopen.mutate({ thread_id }))
          onClosed()
        },
      },
    )
  const give: Action = mine
    ? {
        id: 'thread.assign',
        title: t.inbox.unassign,
        keys: 'a',
        section,
        run: () => unassign.mutate({ thread_id }),
      }
    : {
        id: 'thread.assign',
        title: t.inbox.assignMe,
        keys: 'a',
        section,
        run: () => me && assign.mutate({ thread_id, assignee: me.id }),
      }
  const end: Action =
    thread.status === 'closed'
      ? {
          id: 'thread.close',
          title: t.inbox.reopen,
          keys: 'e',
          section,
          run: () => reopen.mutate({ thread_id }),
        }
      : {
          id: 'thread.close',
          title: t.inbox.close,
          keys: 'e',
          section,
          run: () => closeIt(),
        }
  const leave: Action = {
    id: 'thread.hand-over',
    title: t.suggestion.handOver,
    keys: 'h',
    section,
    run: () => handOver.mutate({ thread_id }),
  }
  const thinks = thread.ai_mode !== 'off'
  useActions(thinks ? [give, end, leave] : [give, end])
  return (
    <Group gap={6}>
      <Select
        size="xs"
        w={128}
        aria-label={t.inbox.aiMode}
        allowDeselect={false}
        value={thread.ai_mode}
        data={AI_MODES.map((mode) => ({ value: mode, label: t.inbox.aiModes[mode] }))}
        onChange={(mode) => mode && setMode.mutate({ thread_id, ai_mode: mode as AiMode })}
      />
      <ActionButton action={give} variant="default" />
      <Snooze threadId={thread_id} />
      <ActionButton action={end} variant="default" />
      {thinks && <ActionButton action={leave} variant="default" />}
    </Group>
  )
}

function Snooze({ threadId }: { threadId: string }) {
  const snooze = useCommand('snooze-thread', { said: t.inbox.snoozed })
  const zone = useZone() ?? 'UTC'
  const until = (at: Date) => snooze.mutate({ thread_id: threadId, until: at.toISOString() })
  const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000)
  return (
    <Menu>
      <Menu.Target>
        <Button size="xs" variant="default">
          {t.inbox.snooze}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => until(inHours(1))}>{t.inbox.snoozeOptions.hour}</Menu.Item>
        <Menu.Item onClick={() => until(inZone(plusDays(today(zone), 1), '09:00', zone))}>
          {t.inbox.snoozeOptions.tomorrow}
        </Menu.Item>
        <Menu.Item onClick={() => until(inHours(24 * 7))}>{t.inbox.snoozeOptions.week}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
