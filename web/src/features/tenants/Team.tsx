// Who works here, with which role; inviting and deactivating.
import { Button, Group, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useMay, useSession } from '../../api/session'
import { send } from '../../api/client'
import type { NamedRole, Person } from '../../api/team'
import { useTeam, useTeamAct } from '../../api/team'
import { useConfirm } from '../../components/Confirm'
import { ProblemNote, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { Status } from '../../components/Status'
import { useFields } from '../../components/useFields'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { useQueryClient } from '@tanstack/react-query'
import { notifications } from '@mantine/notifications'

function useRoleChoices() {
  const roles = useTeam<NamedRole>('roles').data?.items ?? []
  return roles.map((role) => ({ value: role.name, label: humane(role.name) }))
}

export function Team() {
  const found = useTeam<Person>('people')
  const act = useTeamAct()
  const roles = useRoleChoices()
  const me = useSession().data?.person.id
  const [inviting, setInviting] = useState(false)
  const { confirm, dialog } = useConfirm()
  const canWrite = useMay()('people:write')
  if (found.error && !found.data)
    return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting rows={4} />
  const deactivate = (person: Person) =>
    confirm({
      title: `${t.settings.deactivate}: ${person.name}`,
      body: t.settings.deactivateBody,
      confirm: t.settings.deactivate,
      danger: true,
      run: () =>
        act.mutateAsync({
          method: 'POST',
          path: `people/${person.id}/deactivate`,
          said: t.settings.deactivated,
        }),
    })
  return (
    <Stack maw={860}>
      {canWrite && (
        <Group>
          <Button size="xs" onClick={() => setInviting(true)}>
            {t.settings.invite}
          </Button>
        </Group>
      )}
      <Table.ScrollContainer minWidth={620}>
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              {[
                t.settings.person,
                t.settings.role,
                t.settings.standing,
                t.settings.factor,
                t.settings.lastSeen,
                '',
              ].map((head) => (
                <Table.Th key={head}>{head}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.data.items.map((person) => (
              <Table.Tr key={person.id}>
                <Table.Td>
                  <Text size="sm">{person.name}</Text>
                  <Text size="xs" c="dimmed">
                    {person.email}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {canWrite && person.id !== me ? (
                    <Select
                      size="xs"
                      w={120}
                      aria-label={`${t.settings.role}: ${person.name}`}
                      allowDeselect={false}
                      data={roles}
                      value={person.role}
                      onChange={(role) =>
                        role &&
                        act.mutate({
                          method: 'POST',
                          path: `people/${person.id}/role`,
                          body: { role },
                          said: t.settings.roleChanged,
                        })
                      }
                    />
                  ) : (
                    humane(person.role)
                  )}
                </Table.Td>
                <Table.Td>
                  <Status value={person.standing} size="xs" />
                </Table.Td>
                <Table.Td>{person.second_factor ? t.yes : t.no}</Table.Td>
                <Table.Td>{person.signed_in_at ? <When at={person.signed_in_at} relative /> : '—'}</Table.Td>
                <Table.Td>
                  {canWrite && person.id !== me && person.standing !== 'deactivated' && (
                    <Button size="compact-xs" variant="subtle" color="red" onClick={() => deactivate(person)}>
                      {t.settings.deactivate}
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
      {dialog}
    </Stack>
  )
}

function InviteDialog({ onClose }: { onClose: () => void }) {
  const form = useFields({ name: '', email: '', role: 'staff' })
  const roles = useRoleChoices()
  const client = useQueryClient()
  const invite = form.submit(async () => {
    await send('POST', '/auth/invitations', { body: form.values })
    notifications.show({ message: t.settings.invited, color: 'teal' })
    await client.invalidateQueries({ queryKey: ['team'] })
    onClose()
  })
  return (
    <Modal opened onClose={onClose} title={t.settings.invite}>
      <form onSubmit={(event) => void invite(event)}>
        <Stack gap="sm">
          <TextInput label={t.settings.person} required {...form.field('name')} />
          <TextInput type="email" label={t.signIn.email} required {...form.field('email')} />
          <Select
            label={t.settings.role}
            allowDeselect={false}
            data={roles}
            value={form.values.role}
            onChange={(role) => form.set({ role: role ?? 'staff' })}
          />
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" loading={form.busy}>
              {t.settings.invite}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
