// A refusal beside the form that caused it, with what would be accepted.
import { Alert, Button, Group, Text } from '@mantine/core'
import type { Problem } from '../api/client'
import { t } from '../texts'
import { day } from './format'

interface Props {
  problem: Problem | null
  /** Takes one of the times that would be accepted instead. */
  onAlternative?: (alternative: { date: string; slot: string }) => void
}

export function Refused({ problem, onAlternative }: Props) {
  if (!problem) return null
  const times = problem.alternatives.filter(isTime)
  return (
    <Alert color="red" py="xs" role="alert" title={problem.status === 412 ? t.problems.stale : undefined}>
      <Text size="sm">{problem.detail}</Text>
      {problem.errors.map((error) => (
        <Text size="sm" key={error.pointer}>
          {error.pointer.slice(1).replaceAll('/', ' › ')}: {error.message}
        </Text>
      ))}
      {onAlternative && times.length > 0 && (
        <Group gap={6} mt={6}>
          {times.slice(0, 6).map((time) => (
            <Button
              size="compact-xs"
              variant="default"
              key={`${time.date} ${time.slot}`}
              onClick={() => onAlternative(time)}
            >
              {day(time.date)}, {time.slot}
            </Button>
          ))}
        </Group>
      )}
      <Text size="xs" mt={4}>
        {t.problems.code(problem.code)}
      </Text>
    </Alert>
  )
}

function isTime(alternative: Record<string, unknown>): alternative is { date: string; slot: string } {
  return typeof alternative.date === 'string' && typeof alternative.slot === 'string'
}
