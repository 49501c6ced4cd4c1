// Who is on a journey: where each stands, what was done, and the way to stop one.
import { Button, Group, Stack, Table, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Item } from '../../api/client'
import { useCommand, useList } from '../../api/hooks'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { Empty, Part, ProblemNote, Waiting } from '../../components/Page'
import { Status } from '../../components/Status'
import { useWalkedFocus } from '../../components/useWalk'
import { When } from '../../components/When'
import { humane, t } from '../../texts'

type Run = Item<'journey-runs'>
type Taken = Run['steps'][number]

export function Runs({ journey }: { journey: string }) {
  const list = useWalkedFocus<HTMLDivElement>()
  const { rows, problem, isPending, refetch, hasNextPage, fetchNextPage } = useList('journey-runs', {
    journey,
  })
  return (
    <Part title={t.journeys.runs}>
      {problem ? (
        <ProblemNote problem={problem} onRetry={() => void refetch()} />
      ) : isPending ? (
        <Waiting rows={3} />
      ) : rows.length === 0 ? (
        <Empty title={t.journeys.noRuns} why={t.journeys.noRunsWhy} />
      ) : (
        <Stack gap="sm" ref={list}>
          {rows.map((run) => (
            <OneRun run={run} key={run.run_id} />
          ))}
          {hasNextPage && (
            <Group>
              <Button size="xs" variant="default" onClick={() => void fetchNextPage()}>
                {t.journeys.more}
              </Button>
            </Group>
          )}
        </Stack>
      )}
    </Part>
  )
}

function OneRun({ run }: { run: Run }) {
  const [open, setOpen] = useState(false)
  const canWrite = useMay()('conversations:write')
  const { confirm, dialog } = useConfirm()
  const stop = useCommand('stop-journey-run', { said: t.journeys.stopped })
  const isOpen = run.standing === 'running' || run.standing === 'waiting'
  const question = {
    title: t.journeys.stopTitle,
    body: t.journeys.stopWhy,
    confirm: t.journeys.stop,
    danger: true,
    run: () => stop.mutateAsync({ run_id: run.run_id }),
  }
  return (
    <Stack gap={4} tabIndex={-1} data-walk>
      <Group justify="space-between">
        <Group gap="sm">
          <Link to="/customers/$id" params={{ id: run.customer_id }}>
            {t.journeys.customer}
          </Link>
          <Status value={run.standing} />
          <Text size="sm" c="dimmed">
            {t.journeys.began} <When at={run.began_at} relative />
          </Text>
          {run.wakes_at && (
            <Text size="sm">
              {t.journeys.wakes} <When at={run.wakes_at} relative />
              {run.waits_for ? `, ${t.journeys.waitsFor(run.waits_for)}` : ''}
            </Text>
          )}
          {run.ended && <Text size="sm">{t.journeys.cause[run.ended.cause]}</Text>}
        </Group>
        <Group gap="xs">
          <Button size="compact-xs" variant="default" aria-expanded={open} onClick={() => setOpen(!open)}>
            {t.journeys.steps}
          </Button>
          {canWrite && isOpen && (
            <Button size="compact-xs" variant="default" onClick={() => confirm(question)}>
              {t.journeys.stop}
            </Button>
          )}
        </Group>
      </Group>
      {open && <Steps steps={run.steps} />}
      {dialog}
    </Stack>
  )
}

function Steps({ steps }: { steps: Taken[] }) {
  if (steps.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t.journeys.noneTaken}
      </Text>
    )
  }
  return (
    <Table aria-label={t.journeys.taken}>
      <Table.Tbody>
        {steps.map((step) => (
          <Table.Tr key={`${step.step} ${step.at}`}>
            <Table.Td>{step.step}</Table.Td>
            <Table.Td>{humane(step.kind)}</Table.Td>
            <Table.Td>{said(step)}</Table.Td>
            <Table.Td>
              <When at={step.at} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

/** What came of a step, in words. */
function said({ outcome }: Taken): string {
  const word = humane(outcome.outcome)
  if (outcome.outcome === 'withheld' || outcome.outcome === 'refused')
    return `${word}: ${humane(outcome.code)}`
  if (outcome.outcome === 'answered') return `${word}: ${outcome.answer}`
  if (outcome.outcome === 'turned') return `${word}: ${t.journeys.arm(outcome.arm ?? null)}`
  if (outcome.outcome === 'sent' && outcome.held) return `${word}, ${t.journeys.held}`
  return word
}
