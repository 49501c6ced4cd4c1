// Endpoints of the tenant's own systems: what they hear of, how deliveries go, secrets, tests.
import { Button, Card, Code, Group, Menu, Modal, Stack, Table, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { ask } from '../../api/client'
import type { Item } from '../../api/client'
import { showProblem, useCommand, useList } from '../../api/hooks'
import type { Problem } from '../../api/client'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { Empty, ProblemNote, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { Status } from '../../components/Status'
import { useFields } from '../../components/useFields'
import { When } from '../../components/When'
import { t } from '../../texts'
import { commaList } from './lists'
import { ReplayDialog } from './ReplayDialog'

type Endpoint = Item<'webhook-endpoints'>

export function Webhooks() {
  const found = useList('webhook-endpoints', {})
  const [adding, setAdding] = useState(false)
  const canWrite = useMay()('webhooks:write')
  const living = found.rows.filter((endpoint) => endpoint.standing !== 'deleted')
  return (
    <Stack maw={860}>
      {canWrite && (
        <Group>
          <Button size="xs" onClick={() => setAdding(true)}>
            {t.settings.addEndpoint}
          </Button>
        </Group>
      )}
      {found.problem && <ProblemNote problem={found.problem} onRetry={() => void found.refetch()} />}
      {found.isPending && <Waiting rows={4} />}
      {found.data && living.length === 0 && (
        <Empty title={t.settings.emptyEndpoints} why={t.settings.emptyEndpointsWhy} />
      )}
      {living.map((endpoint) => (
        <EndpointCard endpoint={endpoint} key={endpoint.endpoint_id} />
      ))}
      {adding && <AddDialog onClose={() => setAdding(false)} />}
    </Stack>
  )
}

function EndpointCard({ endpoint }: { endpoint: Endpoint }) {
  const [shown, setShown] = useState(false)
  const [replaying, setReplaying] = useState(false)
  const [secret, setSecret] = useState<string | null>(null)
  const { confirm, dialog } = useConfirm()
  const canWrite = useMay()('webhooks:write')
  const { endpoint_id } = endpoint
  const ping = useCommand('ping-webhook-endpoint', { said: t.settings.pinged })
  const rotate = useCommand('rotate-webhook-secret', { said: t.settings.rotated })
  const enable = useCommand('enable-webhook-endpoint')
  const disable = useCommand('disable-webhook-endpoint')
  const remove = useCommand('delete-webhook-endpoint')
  const isOn = endpoint.standing === 'enabled'
  const showSecret = () =>
    ask('webhook-secret', { id: endpoint_id })
      .then((answer) => setSecret(answer.item.secret))
      .catch((problem: unknown) => showProblem(problem as Problem))
  return (
    <Card withBorder padding="sm">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div>
          <Group gap="xs">
            <Text fw={600} className="mono">
              {endpoint.url}
            </Text>
            <Status value={endpoint.standing} size="xs" />
          </Group>
          <Text size="xs" c="dimmed">
            {[endpoint.description, endpoint.event_types.join(', ')].filter(Boolean).join(' · ')}
          </Text>
          {endpoint.failures > 0 && (
            <Text size="xs" c="red">
              {endpoint.failures} {t.settings.failures}
            </Text>
          )}
          {secret && <Code>{secret}</Code>}
        </div>
        <Group gap={6} wrap="nowrap">
          <Button size="compact-xs" variant="default" aria-expanded={shown} onClick={() => setShown(!shown)}>
            {t.settings.deliveries}
          </Button>
          {canWrite && (
            <Menu>
              <Menu.Target>
                <Button size="compact-xs" variant="default" aria-label={`${t.actions.more}: ${endpoint.url}`}>
                  …
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => ping.mutate({ endpoint_id })}>{t.settings.ping}</Menu.Item>
                <Menu.Item onClick={() => setReplaying(true)}>{t.replays.open}</Menu.Item>
                <Menu.Item onClick={() => void showSecret()}>{t.settings.showSecret}</Menu.Item>
                <Menu.Item
                  onClick={() =>
                    confirm({
                      title: t.settings.rotate,
                      body: t.settings.rotateBody,
                      confirm: t.settings.rotate,
                      run: () => rotate.mutateAsync({ endpoint_id }),
                    })
                  }
                >
                  {t.settings.rotate}
                </Menu.Item>
                <Menu.Item onClick={() => (isOn ? disable : enable).mutate({ endpoint_id })}>
                  {isOn ? t.settings.disable : t.settings.enable}
                </Menu.Item>
                <Menu.Item
                  color="red"
                  onClick={() =>
                    confirm({
                      title: t.settings.delete,
                      body: t.settings.deleteBody,
                      confirm: t.settings.delete,
                      danger: true,
                      run: () => remove.mutateAsync({ endpoint_id }),
                    })
                  }
                >
                  {t.settings.delete}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </Group>
      </Group>
      {shown && <Deliveries endpointId={endpoint_id} />}
      {replaying && <ReplayDialog endpointId={endpoint_id} onClose={() => setReplaying(false)} />}
      {dialog}
    </Card>
  )
}

const SHOWN = 20

function Deliveries({ endpointId }: { endpointId: string }) {
  const found = useList('webhook-deliveries', { endpoint_id: endpointId, limit: SHOWN })
  if (found.isPending) return <Waiting rows={3} />
  if (found.rows.length === 0) {
    return (
      <Text size="sm" c="dimmed" mt="sm">
        {t.settings.noDeliveries}
      </Text>
    )
  }
  return (
    <Table mt="sm" verticalSpacing={4}>
      <Table.Tbody>
        {found.rows.slice(0, SHOWN).map((delivery) => (
          <Table.Tr key={delivery.delivery_id}>
            <Table.Td>{delivery.event_type}</Table.Td>
            <Table.Td>
              <Status value={delivery.outcome} size="xs" />
            </Table.Td>
            <Table.Td>{delivery.status ?? delivery.error ?? '—'}</Table.Td>
            <Table.Td>{t.settings.latency(delivery.latency_ms)}</Table.Td>
            <Table.Td>
              <When at={delivery.attempted_at} relative size="xs" />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const form = useFields({ url: '', event_types: 'BookingConfirmed, PaymentReceived', description: '' })
  const create = useCommand('create-webhook-endpoint', { said: t.settings.endpointAdded, quiet: true })
  const send = form.submit(async () => {
    const { url, event_types, description } = form.values
    await create.mutateAsync({
      url: url.trim(),
      event_types: commaList(event_types),
      description: description.trim(),
    })
    onClose()
  })
  return (
    <Modal opened onClose={onClose} title={t.settings.addEndpoint}>
      <form onSubmit={(event) => void send(event)}>
        <Stack gap="sm">
          <TextInput
            type="url"
            label={t.settings.url}
            required
            placeholder="https://"
            {...form.field('url')}
          />
          <TextInput
            label={t.settings.eventTypes}
            description={t.settings.eventTypesHint}
            required
            {...form.field('event_types')}
          />
          <TextInput label={t.settings.description} {...form.field('description')} />
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" loading={form.busy}>
              {t.actions.add}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
