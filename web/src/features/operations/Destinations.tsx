// The places that messages go to: limits, breakers, and pausing one of them.
import { Button, Group, Menu, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Destination } from '../../api/operations'
import { useAct, useDestinations } from '../../api/operations'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { duration, number } from '../../components/format'
import { Refused } from '../../components/Refused'
import { Status } from '../../components/Status'
import { useFields } from '../../components/useFields'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { Rows } from './Rows'

const HOUR_SECONDS = 3_600

export function Destinations() {
  const { found, pathOf } = useDestinations()
  const { confirm, dialog } = useConfirm()
  const act = useAct()
  const canWrite = useMay()('operations:write')
  const [limited, setLimited] = useState<Destination | null>(null)
  const order = (destination: Destination, title: string, verb: string, body: Record<string, unknown>) =>
    confirm({
      title: `${title}: ${humane(destination.target)}`,
      body: title,
      confirm: title,
      reason: true,
      run: (reason) =>
        act.mutateAsync({
          path: pathOf(destination.target, verb),
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
                  <Menu.Item onClick={() => setLimited(destination)}>{t.limits.set}</Menu.Item>
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
      {limited && <LimitsDialog destination={limited} onClose={() => setLimited(null)} />}
      {dialog}
    </>
  )
}

/** How fast, how many at once, and for how long. */
function LimitsDialog({ destination, onClose }: { destination: Destination; onClose: () => void }) {
  const form = useFields({
    rate: String(destination.rate_per_second ?? ''),
    inFlight: String(destination.max_in_flight ?? ''),
    hours: '1',
    reason: '',
  })
  const act = useAct()
  const { pathOf } = useDestinations()
  const { rate, inFlight, hours, reason } = form.values
  const send = form.submit(async () => {
    await act.mutateAsync({
      path: pathOf(destination.target, 'limits'),
      body: {
        ...(rate && { rate_per_second: Number(rate) }),
        ...(inFlight && { max_in_flight: Number(inFlight) }),
        seconds: Math.round(Number(hours) * HOUR_SECONDS),
        reason: reason.trim(),
      },
      said: t.system.done,
    })
    onClose()
  })
  const isWhole = [rate || '1', inFlight || '1', hours].every((text) => Number(text) > 0)
  return (
    <Modal opened onClose={onClose} title={`${t.limits.set}: ${humane(destination.target)}`}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          <Text size="sm">{t.limits.body}</Text>
          <TextInput label={t.limits.rate} inputMode="decimal" {...form.field('rate', '/rate_per_second')} />
          <TextInput
            label={t.limits.inFlight}
            inputMode="numeric"
            {...form.field('inFlight', '/max_in_flight')}
          />
          <TextInput
            label={t.limits.hours}
            inputMode="decimal"
            required
            {...form.field('hours', '/seconds')}
          />
          <TextInput label={t.reason} maxLength={500} required {...form.field('reason')} />
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button
              type="submit"
              loading={form.busy}
              disabled={!isWhole || !reason.trim() || !(rate || inFlight)}
            >
              {t.limits.set}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
