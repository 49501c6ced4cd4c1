// Keys whose order holds messages back: what did not go, what waits behind it, and what can be done.
import { Button, Group, Stack, Text } from '@mantine/core'
import type { BlockedKey } from '../../api/operations'
import { useAct, useOperations } from '../../api/operations'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { number } from '../../components/format'
import { Part } from '../../components/Page'
import { Status } from '../../components/Status'
import { When } from '../../components/When'
import { humane, t } from '../../texts'

/** Keys that are shown; those blocked for longest come first. */
const SHOWN = 50

export function Blocked({ onOpen }: { onOpen: (id: string) => void }) {
  const found = useOperations<BlockedKey>('outbox/blocked', { limit: SHOWN })
  const { confirm, dialog } = useConfirm()
  const act = useAct()
  const canWrite = useMay()('operations:write')
  const blocked = found.data?.items ?? []
  if (blocked.length === 0) return null
  const order = (message: BlockedKey, verb: 'retry' | 'skip') =>
    confirm({
      title: `${t.blocked[verb]}: ${humane(message.name)}`,
      body: verb === 'skip' ? t.blocked.skipBody : t.blocked.why,
      confirm: t.blocked[verb],
      danger: verb === 'skip',
      reason: true,
      run: (reason) =>
        act.mutateAsync({
          path: `outbox/${message.message_id}/${verb}`,
          body: { reason },
          said: t.system.done,
        }),
    })
  return (
    <Part title={t.blocked.title}>
      <Text size="sm" c="dimmed" mb="xs">
        {t.blocked.why}
      </Text>
      <Stack gap="xs">
        {blocked.map((first) => (
          <Group key={first.message_id} justify="space-between">
            <div>
              <Group gap={6}>
                <Button size="compact-xs" variant="subtle" onClick={() => onOpen(first.message_id)}>
                  {humane(first.name)}
                </Button>
                <Status value={first.state} size="xs" />
                <Text size="xs">{humane(first.failure_kind)}</Text>
                <When at={first.created_at} relative size="xs" />
              </Group>
              <Text size="xs" c="dimmed" className="mono">
                {t.blocked.key} {first.order_key}
              </Text>
              <Text size="xs">{t.blocked.behind(number(first.behind))}</Text>
            </div>
            {canWrite && (
              <Group gap={4} wrap="nowrap">
                <Button size="compact-xs" variant="default" onClick={() => order(first, 'retry')}>
                  {t.blocked.retry}
                </Button>
                <Button size="compact-xs" variant="subtle" color="red" onClick={() => order(first, 'skip')}>
                  {t.blocked.skip}
                </Button>
              </Group>
            )}
          </Group>
        ))}
      </Stack>
      {dialog}
    </Part>
  )
}
