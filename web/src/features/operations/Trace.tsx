// What belongs together, drawn: each command with its events, in the order of causes.
import { Card, Group, Stack, Text, Title } from '@mantine/core'
import type { LoggedEvent } from '../../api/operations'
import { moment } from '../../components/format'
import { t } from '../../texts'
import { stepsOf } from './steps'
import css from './Operations.module.css'

export function Trace({ events }: { events: LoggedEvent[] }) {
  const steps = stepsOf(events)
  return (
    <Card withBorder mb="md">
      <Title order={2} size="h6" mb="sm">
        {t.system.traceTitle}
      </Title>
      <ol className={css.trace}>
        {steps.map((step) => (
          <li key={step.commandId} style={{ marginInlineStart: step.depth * 22 }}>
            <Group gap="xs" align="flex-start" wrap="nowrap">
              <Text size="xs" c="dimmed" className="nowrap">
                {moment(step.at, undefined)}
              </Text>
              <Stack gap={0}>
                {step.events.map((event) => (
                  <Text size="sm" key={event.position}>
                    {event.event_type}{' '}
                    <Text span size="xs" c="dimmed">
                      {event.aggregate_type} #{event.sequence} · {event.actor}
                    </Text>
                  </Text>
                ))}
              </Stack>
            </Group>
          </li>
        ))}
      </ol>
    </Card>
  )
}
