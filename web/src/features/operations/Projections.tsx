// How each projection stands, and steering it: pause, rebuild with progress, compare, roll back, retry what is parked.
import { Button, Group, Menu, Modal, Progress, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Projection } from '../../api/operations'
import { useAct, useOperations } from '../../api/operations'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { duration, number, percent } from '../../components/format'
import { Refused } from '../../components/Refused'
import { Status } from '../../components/Status'
import { useFields } from '../../components/useFields'
import { humane, t } from '../../texts'
import { usePace } from './pace'
import { Rows } from './Rows'

const BODIES = {
  pause: t.system.pauseBody,
  rebuild: t.system.rebuildBody,
  compare: t.system.compareBody,
  rollback: t.system.rollbackBody,
} as const

const POLICIES = ['park', 'pause', 'skip'] as const
type Policy = (typeof POLICIES)[number]

export function Projections() {
  const found = useOperations<Projection>('projections')
  const { confirm, dialog } = useConfirm()
  const act = useAct()
  const canSteer = useMay()('installation:operate')
  const steer = (projection: Projection, verb: keyof typeof BODIES) =>
    confirm({
      title: `${t.system[verb]}: ${projection.subscriber}`,
      body: BODIES[verb],
      confirm: t.system[verb],
      reason: true,
      run: (reason) =>
        act.mutateAsync({
          path: `projections/${projection.subscriber}/${verb}`,
          body: { reason },
          said: verb === 'pause' ? t.system.done : t.system.begun,
        }),
    })
  const resume = (projection: Projection) =>
    act.mutate({ path: `projections/${projection.subscriber}/resume`, said: t.system.done })
  const [rewound, setRewound] = useState<Projection | null>(null)
  const uncompared = ({ subscriber }: Projection) =>
    confirm({
      title: `${t.steer.rebuildUncompared}: ${subscriber}`,
      body: t.system.rebuildBody,
      confirm: t.steer.rebuildUncompared,
      reason: true,
      run: (reason) =>
        act.mutateAsync({
          path: `projections/${subscriber}/rebuild`,
          body: { reason, compare: false },
          said: t.system.begun,
        }),
    })
  const choosePolicy = ({ subscriber }: Projection, policy: Policy) =>
    confirm({
      title: `${t.steer.policies[policy]}: ${subscriber}`,
      body: t.steer.policyBody,
      confirm: t.steer.policies[policy],
      reason: true,
      run: (reason) =>
        act.mutateAsync({
          path: `projections/${subscriber}/policy`,
          body: { reason, policy },
          said: t.system.done,
        }),
    })
  const retry = (projection: Projection) =>
    act.mutate({ path: 'parked/retry', body: { projection: projection.subscriber }, said: t.system.done })
  return (
    <>
      <Rows
        found={found}
        keyOf={(projection) => projection.subscriber}
        heads={[t.system.projection, t.system.state, t.system.lag, t.system.parked, t.system.policy, '']}
        empty={{ title: t.none, why: '' }}
        cells={(projection) => [
          projection.subscriber,
          <Standing key="standing" projection={projection} seenAt={found.dataUpdatedAt} />,
          t.system.lagOf(number(projection.behind_events)),
          number(projection.parked_keys),
          humane(projection.policy),
          canSteer && (
            <Group key="acts" gap={4} justify="flex-end" wrap="nowrap">
              {projection.paused_at ? (
                <Button size="compact-xs" variant="default" onClick={() => resume(projection)}>
                  {t.system.resume}
                </Button>
              ) : (
                <Button size="compact-xs" variant="default" onClick={() => steer(projection, 'rebuild')}>
                  {t.system.rebuild}
                </Button>
              )}
              <Menu>
                <Menu.Target>
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    aria-label={`${t.actions.more}: ${projection.subscriber}`}
                  >
                    …
                  </Button>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item onClick={() => steer(projection, 'compare')}>{t.system.compare}</Menu.Item>
                  <Menu.Item onClick={() => steer(projection, 'rollback')}>{t.system.rollback}</Menu.Item>
                  <Menu.Item onClick={() => uncompared(projection)}>{t.steer.rebuildUncompared}</Menu.Item>
                  {!projection.paused_at && (
                    <Menu.Item onClick={() => steer(projection, 'pause')}>{t.system.pause}</Menu.Item>
                  )}
                  {POLICIES.filter((policy) => policy !== projection.policy).map((policy) => (
                    <Menu.Item key={policy} onClick={() => choosePolicy(projection, policy)}>
                      {t.steer.policies[policy]}
                    </Menu.Item>
                  ))}
                  <Menu.Item onClick={() => setRewound(projection)}>{t.steer.rewind}</Menu.Item>
                  {projection.parked_keys > 0 && (
                    <Menu.Item onClick={() => retry(projection)}>{t.system.retryParked}</Menu.Item>
                  )}
                </Menu.Dropdown>
              </Menu>
            </Group>
          ),
        ]}
      />
      {rewound && <RewindDialog projection={rewound} onClose={() => setRewound(null)} />}
      {dialog}
    </>
  )
}

function Standing({ projection, seenAt }: { projection: Projection; seenAt: number }) {
  const { twin, twin_position, newest, failure, pause_reason, health } = projection
  const isBuilding = twin !== null && twin_position !== null && twin_position < newest
  const share = isBuilding && newest > 0 ? twin_position / newest : 0
  return (
    <div>
      <Status value={health} size="xs" />
      {isBuilding && (
        <>
          <Progress value={share * 100} size="xs" mt={4} aria-label={t.system.progress(percent(share))} />
          <Text size="xs">{t.system.progress(percent(share))}</Text>
          <Rate position={twin_position} newest={newest} seenAt={seenAt} />
        </>
      )}
      {(failure ?? pause_reason) && (
        <Text size="xs" c="dimmed">
          {failure ?? pause_reason}
        </Text>
      )}
    </div>
  )
}

function Rate({ position, newest, seenAt }: { position: number; newest: number; seenAt: number }) {
  const pace = usePace(position, newest, seenAt)
  if (!pace) return <Text size="xs">{t.pace.measuring}</Text>
  const { perSecond, secondsLeft } = pace
  return (
    <Text size="xs">
      {t.pace.rate(number(Math.round(perSecond)))}
      {secondsLeft !== null && `, ${t.pace.left(duration(secondsLeft))}`}
    </Text>
  )
}

/** Where to read again from, and why. */
function RewindDialog({ projection, onClose }: { projection: Projection; onClose: () => void }) {
  const form = useFields({ to: '0', reason: '' })
  const act = useAct()
  const { to, reason } = form.values
  const isPlace = /^\d{1,15}$/.test(to) && Number(to) <= projection.position
  const send = form.submit(async () => {
    await act.mutateAsync({
      path: `projections/${projection.subscriber}/rewind`,
      body: { to: Number(to), reason: reason.trim() },
      said: t.system.begun,
    })
    onClose()
  })
  return (
    <Modal opened onClose={onClose} title={`${t.steer.rewind}: ${projection.subscriber}`}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          <Text size="sm">{t.steer.rewindBody}</Text>
          <TextInput label={t.steer.position} inputMode="numeric" required {...form.field('to')} />
          <TextInput label={t.reason} maxLength={500} required {...form.field('reason')} />
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" loading={form.busy} disabled={!isPlace || !reason.trim()}>
              {t.steer.rewind}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
