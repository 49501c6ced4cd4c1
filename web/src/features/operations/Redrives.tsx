// Orders to send again what has failed: how far each is, and stopping it.
import { Button, Group, Progress, Stack, Text } from '@mantine/core'
import type { Redrive } from '../../api/operations'
import { useAct, useOperations } from '../../api/operations'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { number } from '../../components/format'
import { Part } from '../../components/Page'
import { When } from '../../components/When'
import { humane, t } from '../../texts'

const SHOWN = 5

export function Redrives() {
  const found = useOperations<Redrive>('outbox/redrives', { limit: SHOWN })
  const { confirm, dialog } = useConfirm()
  const act = useAct()
  const canWrite = useMay()('operations:write')
  const redrives = found.data?.items ?? []
  if (redrives.length === 0) return null
  const cancel = ({ redrive_id }: Redrive) =>
    confirm({
      title: t.redrives.cancel,
      body: t.redrives.cancelBody,
      confirm: t.redrives.cancel,
      reason: true,
      run: (reason) =>
        act.mutateAsync({
          path: `outbox/redrives/${redrive_id}/cancel`,
          body: { reason },
          said: t.system.done,
        }),
    })
  return (
    <Part title={t.redrives.title}>
      <Stack gap="xs">
        {redrives.map((redrive) => (
          <Group key={redrive.redrive_id} justify="space-between">
            <div>
              <Text size="sm">
                {redrive.reason} · {redrive.target ? humane(redrive.target) : t.redrives.all} ·{' '}
                {t.redrives.progress(number(redrive.revived), number(redrive.found))}
              </Text>
              <Progress
                size="xs"
                value={redrive.found > 0 ? (redrive.revived / redrive.found) * 100 : 100}
                aria-label={t.redrives.progress(number(redrive.revived), number(redrive.found))}
              />
              <When at={redrive.started_at} relative size="xs" />
            </div>
            {canWrite && !redrive.finished_at && (
              <Button size="compact-xs" variant="default" onClick={() => cancel(redrive)}>
                {t.redrives.cancel}
              </Button>
            )}
          </Group>
        ))}
      </Stack>
      {dialog}
    </Part>
  )
}
