// What has to go out: state by state, each message with every try, and what to do about those that are stuck.
import { Button, Code, Drawer, Group, Select, Stack, Text } from '@mantine/core'
import type { Message, MessageDetail } from '../../api/operations'
import { useAct, useOperation, useOperations } from '../../api/operations'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { Facts, Part, ProblemNote, Waiting } from '../../components/Page'
import { Status } from '../../components/Status'
import { useFilters } from '../../components/useFilters'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { Blocked } from './Blocked'
import { Redrives } from './Redrives'
import { Rows } from './Rows'

interface Search {
  state?: string
  message?: string
}

const STATES = ['waiting', 'leased', 'done', 'dead', 'unknown', 'discarded']

export function Outbox() {
  const { filters, set } = useFilters<Search>()
  const found = useOperations<Message>('outbox', { state: filters.state, limit: 100 })
  const { confirm, dialog } = useConfirm()
  const act = useAct()
  const may = useMay()
  const redrive = () =>
    confirm({
      title: t.system.redrive,
      body: t.system.redriveBody,
      confirm: t.system.redrive,
      reason: true,
      run: (reason) =>
        act.mutateAsync({ path: 'outbox/redrives', body: { reason }, said: t.system.redriveDone }),
    })
  return (
    <>
      <Group mb="sm" justify="space-between">
        <Select
          size="xs"
          clearable
          aria-label={t.system.state}
          placeholder={t.system.anyState}
          value={filters.state ?? null}
          data={STATES.map((state) => ({ value: state, label: humane(state) }))}
          onChange={(state) => set({ state: state ?? undefined } as Partial<Search>)}
        />
        {may('operations:write') && (
          <Button size="xs" variant="default" onClick={redrive}>
            {t.system.redrive}
          </Button>
        )}
      </Group>
      <Blocked onOpen={(message) => set({ message })} />
      <Redrives />
      <Rows
        found={found}
        keyOf={(message) => message.message_id}
        heads={[
          t.system.message,
          t.system.target,
          t.system.state,
          t.system.attempts,
          t.system.due,
          t.system.created,
        ]}
        empty={{ title: t.system.emptyOutbox, why: t.system.emptyOutboxWhy }}
        cells={(message) => [
          <Button
            key="open"
            size="compact-xs"
            variant="subtle"
            onClick={() => set({ message: message.message_id })}
          >
            {humane(message.name)}
          </Button>,
          humane(message.target),
          <Group key="state" gap={6}>
            <Status value={message.state} size="xs" />
            {message.failure_kind && <Text size="xs">{humane(message.failure_kind)}</Text>}
          </Group>,
          message.attempt,
          message.run_at ? <When key="due" at={message.run_at} relative /> : '—',
          <When key="created" at={message.created_at} relative />,
        ]}
      />
      <Drawer
        opened={!!filters.message}
        onClose={() => set({ message: undefined } as Partial<Search>)}
        position="right"
        title={t.system.message}
      >
        {filters.message && <Detail id={filters.message} />}
      </Drawer>
      {dialog}
    </>
  )
}

const ACTS = ['retry', 'skip', 'cancel', 'discard'] as const

function Detail({ id }: { id: string }) {
  const found = useOperation<MessageDetail>(`outbox/${id}`)
  const { confirm, dialog } = useConfirm()
  const act = useAct()
  const canWrite = useMay()('operations:write')
  if (found.error) return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting />
  const message = found.data.item
  const isUnknown = message.attempts.some((attempt) => attempt.failure_kind === 'unknown')
  const ask = (verb: (typeof ACTS)[number]) =>
    confirm({
      title: t.system[verb],
      body: verb === 'discard' ? t.system.discardBody : humane(message.name),
      confirm: t.system[verb],
      reason: true,
      danger: verb === 'discard',
      run: (reason) =>
        act.mutateAsync({ path: `outbox/${id}/${verb}`, body: { reason }, said: t.system.done }),
    })
  const resolve = (outcome: 'delivered' | 'failed') =>
    confirm({
      title: outcome === 'delivered' ? t.system.delivered : t.system.notDelivered,
      body: humane(message.name),
      confirm: outcome === 'delivered' ? t.system.delivered : t.system.notDelivered,
      reason: true,
      run: (reason) =>
        act.mutateAsync({ path: `outbox/${id}/resolve`, body: { outcome, reason }, said: t.system.done }),
    })
  return (
    <Stack gap={0}>
      {canWrite && (
        <Group gap={6} mb="sm">
          {ACTS.map((verb) => (
            <Button key={verb} size="compact-xs" variant="default" onClick={() => ask(verb)}>
              {t.system[verb]}
            </Button>
          ))}
          {isUnknown && (
            <>
              <Button size="compact-xs" onClick={() => resolve('delivered')}>
                {t.system.delivered}
              </Button>
              <Button size="compact-xs" onClick={() => resolve('failed')}>
                {t.system.notDelivered}
              </Button>
            </>
          )}
        </Group>
      )}
      <Facts
        facts={[
          [t.system.message, humane(message.name)],
          [t.system.target, humane(message.target)],
          [
            t.system.about,
            <span key="about" className="mono">{`${message.aggregate_type} ${message.aggregate_id}`}</span>,
          ],
          [t.system.created, <When key="created" at={message.created_at} />],
        ]}
      />
      <Part title={t.system.payload}>
        <Code block>{JSON.stringify(message.call, null, 2)}</Code>
      </Part>
      <Part title={t.system.attempts}>
        <Stack gap="xs">
          {message.attempts.length === 0 && <Text size="sm">{t.none}</Text>}
          {message.attempts.map((attempt) => (
            <div key={attempt.lease_no}>
              <Group gap="xs">
                <Status value={attempt.outcome ?? 'unknown'} size="xs" />
                <When at={attempt.started_at} size="xs" />
              </Group>
              {attempt.detail && <Text size="xs">{attempt.detail}</Text>}
            </div>
          ))}
        </Stack>
      </Part>
      {dialog}
    </Stack>
  )
}
