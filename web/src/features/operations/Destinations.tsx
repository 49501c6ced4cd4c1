// The places that messages go to: limits, breakers, and pausing one of them.
import { Group, Menu, Button, Text } from '@mantine/core'
import type { Destination } from '../../api/operations'
import { useAct, useOperations } from '../../api/operations'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { duration, number } from '../../components/format'
import { Status } from '../../components/Status'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { Rows } from './Rows'

const HOUR_SECONDS = 3_600

export function Destinations() {
  const found = useOperations<Destination>('destinations')
  const { confirm, dialog } = useConfirm()
  const act = useAct()
  const canWrite = useMay()('operations:write')
  const order = (destination: Destination, title: string, verb: string, body: Record<string, unknown>) =>
    confirm({
      title: `${title}: ${humane(destination.target)}`,
      body: title,
      confirm: title,
      reason: true,
      run: (reason) =>
        act.mutateAsync({
          path: `destinations/${encodeURIComponent(destination.target)}/${verb}`,
          body: { ...body, reason },
          said: t.system.done,
        }),
    })
  return (
    <>
      <Rows
        found={found}
        keyOf={(destination) => destination.target}
        heads={[
          t.system.target,
          t.system.breaker,
          t.system.waiting,
          t.system.oldest,
          t.system.inFlight,
          t.system.limits,
          '',
        ]}
        empty={{ title: t.system.emptyDestinations, why: t.system.emptyDestinationsWhy }}
        cells={(destination) => [
          humane(destination.target),
          <div key="breaker">
            <Status
              value={destination.breaker === 'closed' ? 'ok' : destination.breaker}
              label={humane(destination.breaker)}
              size="xs"
            />
            {destination.paused_until && (
              <Text size="xs">
                {t.system.pausedUntil} <When at={destination.paused_until} size="xs" />
              </Text>
            )}
          </div>,
          number(destination.due),
          destination.due > 0 ? duration(destination.oldest_due_seconds) : '—',
          number(destination.in_flight),
          destination.rate_per_second === null
            ? t.system.noLimit
            : t.system.perSecond(destination.rate_per_second),
          canWrite && (
            <Group key="acts" justify="flex-end">
              <Menu>
                <Menu.Target>
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`${t.actions.more}: ${destination.target}`}
                  >
                    …
                  </Button>
                </Menu.Target>
                <Menu.Dropdown>
                  {destination.paused_until ? (
                    <Menu.Item onClick={() => order(destination, t.system.resume, 'resume', {})}>
                      {t.system.resume}
                    </Menu.Item>
                  ) : (
                    <Menu.Item
                      onClick={() =>
                        order(destination, t.system.pauseHour, 'pause', { seconds: HOUR_SECONDS })
                      }
                    >
                      {t.system.pauseHour}
                    </Menu.Item>
                  )}
                  {destination.breaker === 'closed' ? (
                    <Menu.Item
                      onClick={() =>
                        order(destination, t.system.openBreaker, 'breaker', {
                          state: 'open',
                          seconds: HOUR_SECONDS,
                        })
                      }
                    >
                      {t.system.openBreaker}
                    </Menu.Item>
                  ) : (
                    <Menu.Item
                      onClick={() =>
                        order(destination, t.system.closeBreaker, 'breaker', { state: 'closed' })
                      }
                    >
                      {t.system.closeBreaker}
                    </Menu.Item>
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
