// How far a bulk run is, live, with what can be done about it: stop it, go on, try again what failed.
import { Button, Group, List, Progress, Stack, Text } from '@mantine/core'
import type { Item } from '../api/client'
import { useCommand } from '../api/hooks'
import { humane, t } from '../texts'
import { number } from './format'
import { Status } from './Status'

export type BulkRun = Item<'bulk-run'>

/** How many have been seen to. */
export function seenTo(run: { total: number; remaining: number }): number {
  return run.total - run.remaining
}

export function BulkProgress({ run }: { run: BulkRun }) {
  const counts = [
    t.bulkRuns.counts.done(number(run.done)),
    run.skipped > 0 && t.bulkRuns.counts.skipped(number(run.skipped)),
    run.failed > 0 && t.bulkRuns.counts.failed(number(run.failed)),
    run.remaining > 0 && t.bulkRuns.counts.remaining(number(run.remaining)),
  ]
  const running = run.standing === 'running'
  return (
    <Stack gap="xs">
      <Group gap="sm" justify="space-between">
        <Group gap="sm" role="status">
          <Status value={run.standing} />
          <Text size="sm">{counts.filter(Boolean).join(', ')}</Text>
        </Group>
        <Acts run={run} />
      </Group>
      {run.remaining > 0 && (
        <Progress
          value={(100 * seenTo(run)) / Math.max(run.total, 1)}
          animated={running}
          aria-label={t.bulkRuns.running}
        />
      )}
      {run.reasons.length > 0 && (
        <List size="sm" aria-label={t.bulkRuns.reasons}>
          {run.reasons.map((reason) => (
            <List.Item key={reason.code}>
              {t.bulkRuns.reason(number(reason.count), humane(reason.code))} ({reason.code})
            </List.Item>
          ))}
        </List>
      )}
    </Stack>
  )
}

function Acts({ run }: { run: BulkRun }) {
  const stop = useCommand('stop-bulk-run')
  const retry = useCommand('retry-bulk-run')
  const of = { run_id: run.run_id }
  if (run.standing === 'running') {
    return (
      <Button size="compact-xs" variant="default" loading={stop.isPending} onClick={() => stop.mutate(of)}>
        {t.bulkRuns.stop}
      </Button>
    )
  }
  if (run.failed === 0 && run.remaining === 0) return null
  return (
    <Button size="compact-xs" variant="default" loading={retry.isPending} onClick={() => retry.mutate(of)}>
      {run.remaining > 0 ? t.bulkRuns.goOn : t.bulkRuns.retry}
    </Button>
  )
}
