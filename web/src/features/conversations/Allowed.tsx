// Why we were allowed to send a message: what it rests on, as it was decided when it went.
import { Popover, Text, UnstyledButton } from '@mantine/core'
import { Facts } from '../../components/Page'
import { useActorName } from '../../components/useActorName'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import type { Thread } from './ThreadPane'
import css from './Inbox.module.css'

type Message = Thread['messages'][number]
type Why = NonNullable<Message['why']>

export function Allowed({ message }: { message: Message }) {
  const actorName = useActorName()
  const { why } = message
  if (!why) return null
  return (
    <Popover width={300} position="top-end" withArrow>
      <Popover.Target>
        <UnstyledButton className={css.allowed} aria-label={t.suggestion.allowedWhy}>
          {t.suggestion.why}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm" fw={600} mb={6}>
          {t.inbox.why[why.basis] ?? humane(why.basis)}
        </Text>
        <Facts
          facts={[
            ...groundsOf(why),
            [t.suggestion.purpose, humane(message.purpose ?? '')],
            [t.suggestion.decided, <When key="decided" at={why.decided_at} size="xs" />],
            ...(message.sender_id
              ? [[t.suggestion.sender, actorName(message.sender_id)] as [string, string]]
              : []),
          ]}
        />
      </Popover.Dropdown>
    </Popover>
  )
}

function groundsOf(why: Why): [string, React.ReactNode][] {
  switch (why.basis) {
    case 'consent':
      return [
        [t.suggestion.granted, <When key="granted" at={why.granted_at} size="xs" />],
        [t.suggestion.wording, why.wording ? `“${why.wording}”` : '—'],
        [t.suggestion.source, why.source ? humane(why.source) : '—'],
      ]
    case 'answer':
      return [[t.suggestion.answers, <When key="written" at={why.written_at} size="xs" />]]
    case 'keyword':
      return [[t.suggestion.keyword, humane(why.keyword)]]
  }
}
