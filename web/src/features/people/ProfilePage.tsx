// One's own account: role, sessions, password.
import { Badge, Button, Group, PasswordInput, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { auth, useSession } from '../../api/session'
import type { OwnSession } from '../../api/team'
import { useTeam, useTeamAct } from '../../api/team'
import { Facts, Page, Part, ProblemNote, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { When } from '../../components/When'
import { browserName } from './browserName'
import { Grants } from './Grants'
import { humane, t } from '../../texts'

export function ProfilePage() {
  const session = useSession().data
  if (!session) return <Waiting />
  return (
    <Page title={t.pages.profile}>
      <Stack gap={0} maw={640}>
        <Part title={session.person.name}>
          <Facts
            facts={[
              [t.signIn.email, session.person.email],
              [t.profile.role, humane(session.role)],
            ]}
          />
        </Part>
        <Sessions />
        <Grants />
        <Password />
      </Stack>
    </Page>
  )
}

function Sessions() {
  const found = useTeam<OwnSession>('sessions')
  const act = useTeamAct()
  return (
    <Part title={t.profile.sessions}>
      <Text size="sm" c="dimmed" mb="xs">
        {t.profile.sessionsWhy}
      </Text>
      {found.error && <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />}
      <Stack gap="xs">
        {found.data?.items.map((session) => (
          <Group key={session.id} justify="space-between" wrap="nowrap">
            <div>
              <Group gap={6}>
                <Text size="sm">{session.agent ? browserName(session.agent) : t.profile.unknownAgent}</Text>
                {session.is_current && <Badge size="xs">{t.profile.current}</Badge>}
              </Group>
              <Text size="xs" c="dimmed">
                {t.profile.lastUsed} <When at={session.last_used_at} relative size="xs" />
              </Text>
            </div>
            {!session.is_current && (
              <Button
                size="compact-xs"
                variant="default"
                onClick={() =>
                  act.mutate({ method: 'DELETE', path: `sessions/${session.id}`, said: t.profile.ended })
                }
              >
                {t.profile.end}
              </Button>
            )}
          </Group>
        ))}
      </Stack>
    </Part>
  )
}

function Password() {
  const form = useFields({ current: '', next: '' })
  const send = form.submit(async () => {
    await auth.changePassword(form.values.current, form.values.next)
    form.set({ current: '', next: '' })
    notifications.show({ message: t.profile.changed, color: 'teal' })
  })
  return (
    <Part title={t.profile.password}>
      <form onSubmit={(event) => void send(event)}>
        <Stack gap="sm" maw={360}>
          <PasswordInput
            label={t.profile.currentPassword}
            required
            autoComplete="current-password"
            {...form.field('current')}
          />
          <PasswordInput
            label={t.signIn.newPassword}
            description={t.signIn.passwordHint}
            required
            autoComplete="new-password"
            {...form.field('next', '/new')}
          />
          <Refused problem={form.problem} />
          <Group>
            <Button type="submit" size="xs" loading={form.busy}>
              {t.profile.change}
            </Button>
          </Group>
        </Stack>
      </form>
    </Part>
  )
}
