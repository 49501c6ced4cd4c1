// One bulk run: how far it is, what failed and why.
import { Button, List, Stack, Text } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { Link, useNavigate } from '@tanstack/react-router'
import { useAsk } from '../../api/hooks'
import type { BulkRun } from '../../components/BulkProgress'
import { BulkProgress } from '../../components/BulkProgress'
import { number } from '../../components/format'
import { Facts, Page, Part, ProblemNote, Waiting } from '../../components/Page'
import { useActorName } from '../../components/useActorName'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { what } from './BulkRunsPage'

export function BulkRunRecord({ id }: { id: string }) {
  const navigate = useNavigate()
  const found = useAsk('bulk-run', { id })
  const actor = useActorName()
  const run = found.data?.item
  const back = (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconArrowLeft size={14} />}
      onClick={() => void navigate({ to: '/customers/runs/{-$id}', params: { id: undefined } })}
    >
      {t.bulkRuns.back}
    </Button>
  )
  return (
    <Page title={run ? what(run) : t.bulkRuns.page} tools={back}>
      {run ? (
        <Stack gap="lg">
          <Part title={t.bulkRuns.progress}>
            <BulkProgress run={run} />
            <Facts
              facts={[
                [t.bulkRuns.command, run.command],
                [t.bulkRuns.by, actor(run.started_by)],
                [t.bulkRuns.when, <When key="when" at={run.started_at} />],
              ]}
            />
          </Part>
          {run.failures.length > 0 && <Failures run={run} />}
        </Stack>
      ) : found.error ? (
        <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <Waiting />
      )}
    </Page>
  )
}

function Failures({ run }: { run: BulkRun }) {
  const isCustomers = run.command.endsWith('-customer')
  return (
    <Part title={t.bulkRuns.failures}>
      {run.failures.length < run.failed && (
        <Text size="sm" c="dimmed">
          {t.bulkRuns.more(number(run.failures.length))}
        </Text>
      )}
      <List size="sm">
        {run.failures.map((failure) => (
          <List.Item key={failure.id}>
            {isCustomers ? (
              <Link to="/customers/$id" params={{ id: failure.id }}>
                {failure.id}
              </Link>
            ) : (
              failure.id
            )}
            : {humane(failure.code)}
          </List.Item>
        ))}
      </List>
    </Part>
  )
}
