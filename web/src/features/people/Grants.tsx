// What one has let programs do, and ending it.
import { Badge, Button, Group, Stack, Text } from '@mantine/core'
import type { OwnGrant } from '../../api/team'
import { useTeam, useTeamAct } from '../../api/team'
import { Part, ProblemNote } from '../../components/Page'
import { When } from '../../components/When'
import { t } from '../../texts'

export function Grants() {
  const found = useTeam<OwnGrant>('grants')
  const act = useTeamAct()
  // Where tokens are issued elsewhere, agreements are kept there.
  if (found.error?.status === 404) return null
  const end = (grant: OwnGrant) =>
    act.mutate({ method: 'DELETE', path: `grants/${grant.grant_id}`, said: t.programs.ended })
  return (
    <Part title={t.programs.grants}>
      <Text size="sm" c="dimmed" mb="xs">
        {t.programs.grantsWhy}
      </Text>
      {found.error && <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />}
      {found.data?.items.length === 0 && <Text size="sm">{t.programs.noGrants}</Text>}
      <Stack gap="xs">
        {found.data?.items.map((grant) => (
          <Group key={grant.grant_id} justify="space-between" wrap="nowrap">
            <div>
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {grant.client_name}
              </Text>
              <Group gap={4}>
                {grant.scopes.map((scope) => (
                  <Badge key={scope} size="xs" variant="default">
                    {t.programs.scopes[scope] ?? scope}
                  </Badge>
                ))}
              </Group>
              <Text size="xs" c="dimmed">
                {t.programs.lastUsed}{' '}
                {grant.last_used_at ? <When at={grant.last_used_at} relative size="xs" /> : '—'} ·{' '}
                {t.programs.endsAt} <When at={grant.ends_at} size="xs" />
              </Text>
            </div>
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t.programs.endOf(grant.client_name)}
              onClick={() => end(grant)}
            >
              {t.programs.end}
            </Button>
          </Group>
        ))}
      </Stack>
    </Part>
  )
}
