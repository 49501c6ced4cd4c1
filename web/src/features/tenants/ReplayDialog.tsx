// Sends past events to an endpoint again: counted first, slowly, and stopped when wanted.
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useAsk, useCommand } from '../../api/hooks'
import { number } from '../../components/format'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { When } from '../../components/When'
import { humane, t } from '../../texts'

const DAY_MS = 86_400_000
/** Past replays that are listed. */
const SHOWN = 5

/** What a field for local time holds. */
function localTime(at: Date): string {
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}

function instant(local: string): string | null {
  const at = new Date(local)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}

export function ReplayDialog({ endpointId, onClose }: { endpointId: string; onClose: () => void }) {
  const [yesterday] = useState(() => localTime(new Date(Date.now() - DAY_MS)))
  const form = useFields({ from: yesterday, until: '', speed: '20' })
  const replay = useCommand('replay-webhooks', { said: t.replays.begun, quiet: true })
  const cancel = useCommand('cancel-webhook-replay', { said: t.replays.cancelled })
  const { from, until, speed } = form.values
  const [since, before] = [instant(from), until ? instant(until) : undefined]
  const preview = useAsk(
    'webhook-replay-preview',
    { id: endpointId, from: since ?? '', ...(before && { until: before }) },
    { enabled: since !== null && before !== null },
  )
  const past = useAsk('webhook-replays', { endpoint_id: endpointId, limit: SHOWN })
  const send = form.submit(async () => {
    await replay.mutateAsync({
      endpoint_id: endpointId,
      from: since ?? '',
      until: before ?? null,
      messages_per_second: Number(speed),
    })
  })
  return (
    <Modal opened onClose={onClose} title={t.replays.title}>
      <form onSubmit={(event) => void send(event)}>
        <Stack gap="sm">
          <Text size="sm">{t.replays.why}</Text>
          <TextInput type="datetime-local" required label={t.replays.from} {...form.field('from')} />
          <TextInput type="datetime-local" label={t.replays.until} {...form.field('until')} />
          <TextInput
            label={t.replays.speed}
            inputMode="numeric"
            required
            {...form.field('speed', '/messages_per_second')}
          />
          {preview.data && (
            <Text size="sm" role="status">
              {t.replays.count(number(preview.data.item.events))}
            </Text>
          )}
          <Refused problem={form.problem ?? preview.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.close}
            </Button>
            <Button
              type="submit"
              loading={form.busy}
              disabled={!preview.data?.item.events || !(Number(speed) > 0)}
            >
              {t.replays.go}
            </Button>
          </Group>
          {past.data?.items.map((one) => (
            <Group key={one.replay_id} justify="space-between" wrap="nowrap">
              <Text size="xs">
                <When at={one.ordered_at} relative size="xs" /> · {t.replays.queued(number(one.queued))}
                {one.ended_by && ` · ${humane(one.ended_by)}`}
              </Text>
              {!one.finished_at && (
                <Button
                  size="compact-xs"
                  variant="default"
                  onClick={() => cancel.mutate({ endpoint_id: endpointId, replay_id: one.replay_id })}
                >
                  {t.replays.cancel}
                </Button>
              )}
            </Group>
          ))}
        </Stack>
      </form>
    </Modal>
  )
}
