// Messages by day, each with who wrote it, how it arrived and why it was allowed to go.
import { Divider, Group, Text, Tooltip } from '@mantine/core'
import { IconAlertTriangle, IconCheck, IconChecks, IconClock, IconNote } from '@tabler/icons-react'
import { Fragment } from 'react'
import { day, today } from '../../components/format'
import { useZone } from '../../components/useTenant'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { Allowed } from './Allowed'
import { Attachments, Call } from './Attachments'
import type { Thread } from './ThreadPane'
import css from './Inbox.module.css'

type Message = Thread['messages'][number]

export function Messages({ messages }: { messages: Message[] }) {
  const zone = useZone()
  const dayOf = (message: Message) => today(zone, new Date(message.written_at))
  return messages.map((message, index) => {
    const before = messages[index - 1]
    const isNewDay = !before || dayOf(before) !== dayOf(message)
    return (
      <Fragment key={message.message_id}>
        {isNewDay && <Divider label={day(dayOf(message))} my={4} />}
        <Bubble message={message} />
      </Fragment>
    )
  })
}

function Bubble({ message }: { message: Message }) {
  const isNote = message.direction === 'note'
  return (
    <article className={css.bubble} data-direction={message.direction}>
      {isNote && (
        <Group gap={4} c="dimmed">
          <IconNote size={13} />
          <Text size="xs">{t.inbox.note}</Text>
        </Group>
      )}
      {message.subject && (
        <Text size="sm" fw={600}>
          {message.subject}
        </Text>
      )}
      {message.call && <Call outcome={message.call} />}
      {(message.content || !message.call) && (
        <Text size="sm" className={css.words} c={message.content == null ? 'dimmed' : undefined}>
          {message.content ?? t.inbox.hidden}
        </Text>
      )}
      {message.attachments && message.attachments.length > 0 && <Attachments files={message.attachments} />}
      <Group gap={6} className={css.under}>
        {message.sender_type && (
          <Text size="xs">{t.inbox.by[message.sender_type] ?? humane(message.sender_type)}</Text>
        )}
        <When at={message.written_at} size="xs" />
        {message.direction === 'out' && message.status && <Arrival message={message} />}
        <Allowed message={message} />
      </Group>
      {message.failure && (
        <Group gap={4} c="red" wrap="nowrap">
          <IconAlertTriangle size={14} />
          <Text size="xs">
            {t.inbox.failed(`${humane(message.failure.reason)} (${message.failure.code})`)}
          </Text>
        </Group>
      )}
    </article>
  )
}

const ICONS: Record<string, typeof IconCheck> = {
  queued: IconClock,
  sent: IconCheck,
  delivered: IconChecks,
  read: IconChecks,
  failed: IconAlertTriangle,
}

/** How far it has come; on hover, why it was allowed to go. */
function Arrival({ message }: { message: Message }) {
  const Icon = ICONS[message.status ?? ''] ?? IconClock
  const why = message.why ? (t.inbox.why[message.why.basis] ?? humane(message.why.basis)) : ''
  const held = message.held_until
  const label = [humane(message.purpose ?? ''), why, held && t.inbox.held].filter(Boolean).join(' · ')
  return (
    <Tooltip label={label} disabled={!label}>
      <Group gap={3} wrap="nowrap">
        <Icon size={13} aria-hidden />
        {held ? (
          <Text size="xs">
            {t.inbox.held} <When at={held} size="xs" />
          </Text>
        ) : (
          <Text size="xs">{humane(message.status ?? '')}</Text>
        )}
      </Group>
    </Tooltip>
  )
}
