// What belongs together, drawn: from the command to its events and effects, and to what providers told later.
import { Anchor, Badge, Card, Group, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { ProblemNote, Waiting } from '../../components/Page'
import { Status } from '../../components/Status'
import { useActorName } from '../../components/useActorName'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import type { Step } from './steps'
import { stepsOf } from './steps'
import { useTrace } from './useTrace'
import css from './Operations.module.css'

const INDENT_PX = 26

export function Trace({ correlation }: { correlation: string }) {
  const found = useTrace(correlation)
  if (found.error) return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting rows={4} />
  const steps = stepsOf(found.data.events, found.data.messages, found.data.webhooks)
  if (steps.length === 0) return null
  return (
    <Card withBorder mb="md" component="section" aria-label={t.system.traceTitle} className={css.traceCard}>
      <Title order={2} size="h6">
        {t.system.traceTitle}
      </Title>
      <Text size="xs" c="dimmed" mb="sm">
        {t.trace.legend}
      </Text>
      <ol className={css.trace}>
        {steps.map((step) => (
          <li key={step.commandId} style={{ marginInlineStart: step.depth * INDENT_PX }}>
            <Drawn step={step} />
          </li>
        ))}
      </ol>
    </Card>
  )
}

function Drawn({ step }: { step: Step }) {
  const actorName = useActorName()
  return (
    <Stack gap={3}>
      <Group gap={6}>
        {step.webhook && (
          <Badge size="xs" variant="light" color="grape">
            {t.trace.webhook}: {humane(step.webhook.provider)}
          </Badge>
        )}
        <Text size="sm" fw={600}>
          {step.command ?? t.trace.command}
        </Text>
        <Text size="xs" c="dimmed">
          {actorName(step.actor)}
        </Text>
        <When at={step.at} size="xs" />
      </Group>
      {step.isLoose && (
        <Text size="xs" c="dimmed">
          {t.trace.notSeen}
        </Text>
      )}
      {step.events.map((event) => (
        <Text size="sm" key={event.position} className={css.event}>
          {event.event_type}{' '}
          <Text span size="xs" c="dimmed" className="mono">
            {event.aggregate_type} …{event.aggregate_id.slice(-8)} #{event.sequence}
          </Text>
        </Text>
      ))}
      {step.effects.map((message) => (
        <Group gap={6} key={message.message_id} className={css.effect}>
          <Badge size="xs" variant="light">
            {t.trace.effect}
          </Badge>
          <Anchor
            component={Link}
            size="sm"
            to="/system/{-$view}"
            params={{ view: 'outbox' } as never}
            search={{ message: message.message_id } as never}
          >
            {humane(message.name)} → {humane(message.target)}
          </Anchor>
          <Status value={message.state} size="xs" />
          {message.attempt > 0 && (
            <Text size="xs" c="dimmed">
              {t.trace.tries(message.attempt)}
            </Text>
          )}
        </Group>
      ))}
    </Stack>
  )
}
