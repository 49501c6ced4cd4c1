// Events that a projection could not apply: which record waits for them, why, and what can be done.
import { Button, Group, Text } from '@mantine/core'
import type { ParkedKey } from '../../api/operations'
import { useAct, useOperations } from '../../api/operations'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { number } from '../../components/format'
import { When } from '../../components/When'
import { t } from '../../texts'
import { Rows } from './Rows'

export function Parked() {
  const found = useOperations<ParkedKey>('parked')
  const { confirm, dialog } = useConfirm()
  const act = useAct()
  const canWrite = useMay()('operations:write')
  const order = ({ projection, key }: ParkedKey, verb: 'retry' | 'drop') =>
    confirm({
      title: `${t.parked[verb]}: ${projection}`,
      body: verb === 'drop' ? t.parked.dropBody : t.parked.why,
      confirm: t.parked[verb],
      danger: verb === 'drop',
      reason: true,
      run: (reason) =>
        act.mutateAsync({ path: `parked/${verb}`, body: { projection, key, reason }, said: t.system.done }),
    })
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        {t.parked.why}
      </Text>
      <Rows
        found={found}
        keyOf={(row) => `${row.projection} ${row.tenant_id} ${row.key}`}
        heads={[
          t.system.projection,
          t.parked.key,
          t.system.event,
          t.parked.error,
          t.parked.events,
          t.parked.since,
          '',
        ]}
        empty={{ title: t.parked.emptyTitle, why: t.parked.emptyWhy }}
        cells={(row) => [
          row.projection,
          <Text key="key" size="xs" className="mono">
            {row.key}
          </Text>,
          `${row.event_type ?? '—'} (${row.position})`,
          <Text key="failure" size="xs">
            {row.failure}
          </Text>,
          number(row.waiting),
          <When key="since" at={row.parked_at} relative />,
          canWrite && (
            <Group key="acts" gap={4} wrap="nowrap">
              <Button size="compact-xs" variant="default" onClick={() => order(row, 'retry')}>
                {t.parked.retry}
              </Button>
              <Button size="compact-xs" variant="subtle" color="red" onClick={() => order(row, 'drop')}>
                {t.parked.drop}
              </Button>
            </Group>
          ),
        ]}
      />
      {dialog}
    </>
  )
}
