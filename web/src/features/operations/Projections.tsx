// How each projection stands, and steering it: pause, rebuild with progress, compare, roll back, retry what is parked.
import { Button, Group, Menu, Progress, Text } from '@mantine/core'
import type { Projection } from '../../api/operations'
import { useAct, useOperations } from '../../api/operations'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { number, percent } from '../../components/format'
import { Status } from '../../components/Status'
import { humane, t } from '../../texts'
import { Rows } from './Rows'

const BODIES = {
  pause: t.system.pauseBody,
  rebuild: t.system.rebuildBody,
  compare: t.system.compareBody,
  rollback: t.system.rollbackBody,
} as const

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
          <Standing key="standing" projection={projection} />,
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
                  {!projection.paused_at && (
                    <Menu.Item onClick={() => steer(projection, 'pause')}>{t.system.pause}</Menu.Item>
                  )}
                  {projection.parked_keys > 0 && (
                    <Menu.Item onClick={() => retry(projection)}>{t.system.retryParked}</Menu.Item>
                  )}
                </Menu.Dropdown>
              </Menu>
            </Group>
          ),
        ]}
      />
      {dialog}
    </>
  )
}

function Standing({ projection }: { projection: Projection }) {
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
