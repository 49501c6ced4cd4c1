// Which agents have a key, when each was last used, and taking one away.
import { Button, Group, Stack, Table, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ApiKey } from '../../api/team'
import { useTeam, useTeamAct } from '../../api/team'
import { useConfirm } from '../../components/Confirm'
import { Empty, ProblemNote, Waiting } from '../../components/Page'
import { When } from '../../components/When'
import { humane, t } from '../../texts'

export function AgentKeys() {
  const found = useTeam<ApiKey>('keys')
  const act = useTeamAct()
  const { confirm, dialog } = useConfirm()
  if (found.error && !found.data)
    return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting rows={4} />
  const keys = found.data.items.filter((key) => key.kind === 'agent' && !key.revoked_at)
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
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {t.agents.keysWhy}
        </Text>
        <Button
          size="xs"
          variant="default"
          component={Link}
          to="/settings/{-$view}"
          params={{ view: 'keys' } as never}
        >
          {t.agents.makeKey}
        </Button>
      </Group>
      {keys.length === 0 ? (
        <Empty title={t.agents.noKeys} why={t.settings.emptyKeysWhy} />
      ) : (
        <Table.ScrollContainer minWidth={560}>
          <Table verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                {[t.settings.keyLabel, t.settings.role, t.settings.lastUsed, t.settings.expires].map(
                  (head) => (
                    <Table.Th key={head}>{head}</Table.Th>
                  ),
                )}
                <Table.Td />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {keys.map((key) => (
                <Table.Tr key={key.key_id}>
                  <Table.Td>{key.label}</Table.Td>
                  <Table.Td>{humane(key.role)}</Table.Td>
                  <Table.Td>{key.last_used_at ? <When at={key.last_used_at} relative /> : '—'}</Table.Td>
                  <Table.Td>{key.expires_at ? <When at={key.expires_at} /> : t.settings.never}</Table.Td>
                  <Table.Td>
                    <Button
                      size="compact-xs"
                      variant="subtle"
                      color="red"
                      aria-label={`${t.settings.revoke}: ${key.label}`}
                      onClick={() => revoke(key)}
                    >
                      {t.settings.revoke}
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {dialog}
    </Stack>
  )
}
