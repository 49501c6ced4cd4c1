// What the assistant suggests to answer, on what that rests, and what becomes of it; and when it left a thread to people.
import { Alert, Button, Card, Code, Group, Stack, Text } from '@mantine/core'
import { IconRobot, IconUserExclamation } from '@tabler/icons-react'
import { useCommand } from '../../api/hooks'
import { useSession } from '../../api/session'
import { Refused } from '../../components/Refused'
import { Status } from '../../components/Status'
import { ActionButton } from '../../registry/ActionButton'
import { useActions } from '../../registry/actions'
import { humane, t } from '../../texts'
import type { Thread } from './ThreadPane'
import css from './Inbox.module.css'

export type Suggested = NonNullable<Thread['suggestion']>

interface Props {
  suggestion: Suggested
  /** Puts the words into the composer. */
  onEdit: () => void
}

export function Suggestion({ suggestion, onEdit }: Props) {
  const me = useSession().data?.person
  const accept = useCommand('accept-suggestion', { said: t.suggestion.sent, quiet: true })
  const dismiss = useCommand('dismiss-suggestion', { said: t.suggestion.dismissed, quiet: true })
  const suggestion_id = suggestion.run_id
  const section = t.sections.here
  const use = {
    id: 'suggestion.use',
    title: t.suggestion.use,
    keys: 'u',
    section,
    run: () => {
      if (!accept.isPending) accept.mutate({ suggestion_id })
    },
  }
  const edit = { id: 'suggestion.edit', title: t.suggestion.edit, keys: 'i', section, run: onEdit }
  const drop = {
    id: 'suggestion.dismiss',
    title: t.suggestion.dismiss,
    keys: 'd',
    section,
    run: () => dismiss.mutate({ suggestion_id }),
  }
  useActions([use, edit, drop])
  return (
    <Card
      withBorder
      className={css.suggestion}
      padding="sm"
      component="section"
      aria-label={t.suggestion.title}
    >
      <Stack gap={6}>
        <Group gap={6}>
          <IconRobot size={15} aria-hidden />
          <Text size="xs" fw={600}>
            {t.suggestion.title}
          </Text>
          <Text size="xs" c="dimmed">
            {suggestion.engine.kind === 'rules' ? t.agents.rules : suggestion.engine.model}
          </Text>
        </Group>
        <Text size="sm" className={css.words}>
          {suggestion.content ?? t.inbox.hidden}
        </Text>
        {suggestion.needs_person && (
          <Text size="xs" fw={600}>
            {t.suggestion.needsPerson(
              t.suggestion.reasons[suggestion.needs_person] ?? humane(suggestion.needs_person),
            )}
          </Text>
        )}
        <Grounds suggestion={suggestion} />
        <Refused problem={accept.error ?? dismiss.error} />
        <Group gap={6}>
          <ActionButton action={use} size="compact-sm" />
          <ActionButton action={edit} size="compact-sm" variant="default" />
          <Button
            size="compact-sm"
            variant="default"
            disabled={!me || accept.isPending}
            onClick={() => accept.mutate({ suggestion_id, sender_type: 'human', sender_id: me?.id ?? '' })}
          >
            {t.suggestion.asMe}
          </Button>
          <ActionButton action={drop} size="compact-sm" variant="subtle" />
        </Group>
      </Stack>
    </Card>
  )
}

/** Its reasons, and what it looked up. */
function Grounds({ suggestion }: { suggestion: Suggested }) {
  const { reasons, tools } = suggestion
  if (reasons.length === 0 && tools.length === 0) return null
  return (
    <details>
      <summary className={css.grounds}>{t.suggestion.rests}</summary>
      <Stack gap={6} mt={6}>
        {reasons.length > 0 && (
          <Text size="xs">
            {t.suggestion.reason}: {reasons.map(humane).join(', ')}
          </Text>
        )}
        {tools.map((tool, index) => (
          <div key={`${tool.tool} ${index}`}>
            <Group gap={6}>
              <Text size="xs">
                {t.suggestion.tool}: {humane(tool.tool)}
              </Text>
              <Status value={tool.outcome} size="xs" />
            </Group>
            {tool.detail != null && (
              <Code block className={css.detail}>
                {JSON.stringify(tool.detail, null, 1)}
              </Code>
            )}
          </div>
        ))}
      </Stack>
    </details>
  )
}

/** The assistant has left this thread to people. */
export function HandedOver({ why }: { why: string }) {
  return (
    <Alert color="orange" py={6} mx="sm" my={6} icon={<IconUserExclamation size={16} />}>
      {t.suggestion.handedOver(t.suggestion.reasons[why] ?? humane(why))}
    </Alert>
  )
}
