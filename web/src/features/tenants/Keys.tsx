// Keys of scripts and agents: made once, shown once, revoked at once.
import { Alert, Button, Code, Group, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '../../api/client'
import type { ApiKey } from '../../api/team'
import { useTeam, useTeamAct } from '../../api/team'
import { useConfirm } from '../../components/Confirm'
import { Empty, ProblemNote, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { When } from '../../components/When'
import { humane, t } from '../../texts'

const KINDS = ['service', 'agent', 'person']
const ROLES = ['admin', 'manager', 'staff', 'viewer', 'ai-agent']

export function Keys() {
  const found = useTeam<ApiKey>('keys')
  const act = useTeamAct()
  const [creating, setCreating] = useState(false)
  const { confirm, dialog } = useConfirm()
  if (found.error && !found.data)
    return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting rows={4} />
  const keys = found.data.items.filter((key) => !key.revoked_at)
  const revoke = (key: ApiKey) =>
    confirm({
      title: `${t.settings.revoke}: ${key.label}`,
      body: t.settings.revokeBody,
      confirm: t.settings.revoke,
      danger: true,
      run: () => act.mutateAsync({ method: 'DELETE', path: `keys/${key.key_id}`, said: t.settings.revoked }),
    })
  return (
    <Stack maw={860}>
      <Group>
        <Button size="xs" onClick={() => setCreating(true)}>
          {t.settings.createKey}
        </Button>
      </Group>
      {keys.length === 0 && <Empty title={t.settings.emptyKeys} why={t.settings.emptyKeysWhy} />}
      {keys.length > 0 && (
        <Table.ScrollContainer minWidth={620}>
          <Table verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                {[t.settings.keyLabel, t.settings.role, t.settings.lastUsed, t.settings.expires, ''].map(
                  (head) => (
                    <Table.Th key={head}>{head}</Table.Th>
                  ),
                )}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {keys.map((key) => (
                <Table.Tr key={key.key_id}>
                  <Table.Td>
                    <Text size="sm">{key.label}</Text>
                    <Text size="xs" c="dimmed">
                      {humane(key.kind)}
                    </Text>
                  </Table.Td>
                  <Table.Td>{humane(key.role)}</Table.Td>
                  <Table.Td>{key.last_used_at ? <When at={key.last_used_at} relative /> : '—'}</Table.Td>
                  <Table.Td>{key.expires_at ? <When at={key.expires_at} /> : t.settings.never}</Table.Td>
                  <Table.Td>
                    <Button size="compact-xs" variant="subtle" color="red" onClick={() => revoke(key)}>
                      {t.settings.revoke}
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
      {dialog}
    </Stack>
  )
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const form = useFields({ label: '', kind: 'service', role: 'staff' })
  const [key, setKey] = useState<string | null>(null)
  const client = useQueryClient()
  const create = form.submit(async () => {
    const made = await send<{ key: string }>('POST', '/auth/keys', { body: form.values })
    setKey(made.key)
    await client.invalidateQueries({ queryKey: ['team'] })
  })
  return (
    <Modal opened onClose={onClose} title={t.settings.createKey}>
      {key ? (
        <Stack>
          <Alert color="yellow">{t.settings.keyShown}</Alert>
          <Code block>{key}</Code>
          <Button onClick={onClose}>{t.actions.close}</Button>
        </Stack>
      ) : (
        <form onSubmit={(event) => void create(event)}>
          <Stack gap="sm">
            <TextInput label={t.settings.keyLabel} required {...form.field('label')} />
            <Select
              label={t.settings.keyKind}
              allowDeselect={false}
              data={KINDS.map((kind) => ({ value: kind, label: humane(kind) }))}
              value={form.values.kind}
              onChange={(kind) => form.set({ kind: kind ?? 'service' })}
            />
            <Select
              label={t.settings.role}
              allowDeselect={false}
              data={ROLES.map((role) => ({ value: role, label: humane(role) }))}
              value={form.values.role}
              onChange={(role) => form.set({ role: role ?? 'staff' })}
            />
            <Refused problem={form.problem} />
            <Button type="submit" loading={form.busy}>
              {t.settings.createKey}
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  )
}
