// Programs that sign in by OAuth: registered here, their secret shown once, revoked at once.
import {
  Alert,
  Button,
  Code,
  Group,
  Modal,
  Select,
  Stack,
  Table,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '../../api/client'
import type { Program } from '../../api/team'
import { useTeam, useTeamAct } from '../../api/team'
import { useConfirm } from '../../components/Confirm'
import { Empty, ProblemNote, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { When } from '../../components/When'
import { humane, t } from '../../texts'

const KINDS = ['service', 'agent']
const ROLES = ['admin', 'manager', 'staff', 'viewer', 'ai-agent']
const PROOFS = ['secret', 'none'] as const

export function Programs() {
  const found = useTeam<Program>('clients')
  const act = useTeamAct()
  const [registering, setRegistering] = useState(false)
  const { confirm, dialog } = useConfirm()
  if (found.error && !found.data)
    return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting rows={4} />
  const programs = found.data.items.filter((program) => !program.revoked_at)
  const revoke = (program: Program) =>
    confirm({
      title: `${t.programs.revoke}: ${program.name}`,
      body: t.programs.revokeBody,
      confirm: t.programs.revoke,
      danger: true,
      run: () =>
        act.mutateAsync({
          method: 'DELETE',
          path: `clients/${encodeURIComponent(program.client_id)}`,
          said: t.programs.revoked,
        }),
    })
  return (
    <Stack maw={860}>
      <Text size="sm" c="dimmed">
        {t.programs.why}
      </Text>
      <Group>
        <Button size="xs" onClick={() => setRegistering(true)}>
          {t.programs.register}
        </Button>
      </Group>
      {programs.length === 0 && <Empty title={t.programs.empty} why={t.programs.emptyWhy} />}
      {programs.length > 0 && (
        <Table.ScrollContainer minWidth={560}>
          <Table verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                {[t.programs.name, t.programs.role, t.programs.redirects, t.programs.registered].map(
                  (head) => (
                    <Table.Th key={head}>{head}</Table.Th>
                  ),
                )}
                <Table.Td />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {programs.map((program) => (
                <Row key={program.client_id} program={program} onRevoke={() => revoke(program)} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {registering && <RegisterDialog onClose={() => setRegistering(false)} />}
      {dialog}
    </Stack>
  )
}

function Row({ program, onRevoke }: { program: Program; onRevoke: () => void }) {
  const acts = program.redirect_uris.length > 0 ? t.programs.forPeople : t.programs.forItself
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm">{program.name}</Text>
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {program.client_id}
        </Text>
      </Table.Td>
      <Table.Td>
        {humane(program.role)}
        <Text size="xs" c="dimmed">
          {humane(program.kind)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{acts}</Text>
        {program.redirect_uris.map((uri) => (
          <Text key={uri} size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {uri}
          </Text>
        ))}
      </Table.Td>
      <Table.Td>
        <When at={program.created_at} />
      </Table.Td>
      <Table.Td>
        <Button
          size="compact-xs"
          variant="subtle"
          color="red"
          aria-label={`${t.programs.revoke}: ${program.name}`}
          onClick={onRevoke}
        >
          {t.programs.revoke}
        </Button>
      </Table.Td>
    </Table.Tr>
  )
}

interface Registered {
  client_secret: string | null
  item: Program
}

function RegisterDialog({ onClose }: { onClose: () => void }) {
  const form = useFields({ name: '', kind: 'service', role: 'staff', proof: 'secret', redirects: '' })
  const [made, setMade] = useState<Registered | null>(null)
  const client = useQueryClient()
  const register = form.submit(async () => {
    const { name, kind, role, proof, redirects } = form.values
    const addresses = redirects.split('\n').map((line) => line.trim())
    const body = { name, kind, role, proof, redirect_uris: addresses.filter(Boolean) }
    setMade(await send<Registered>('POST', '/auth/clients', { body }))
    await client.invalidateQueries({ queryKey: ['team'] })
  })
  return (
    <Modal opened onClose={onClose} title={t.programs.register}>
      {made ? (
        <Made made={made} onClose={onClose} />
      ) : (
        <form onSubmit={(event) => void register(event)}>
          <Stack gap="sm">
            <TextInput label={t.programs.name} required {...form.field('name')} />
            <Select
              label={t.programs.kind}
              allowDeselect={false}
              data={KINDS.map((kind) => ({ value: kind, label: humane(kind) }))}
              value={form.values.kind}
              onChange={(kind) =>
                form.set({ kind: kind ?? 'service', ...(kind === 'agent' && { role: 'ai-agent' }) })
              }
            />
            <Select
              label={t.programs.role}
              allowDeselect={false}
              data={ROLES.map((role) => ({ value: role, label: humane(role) }))}
              value={form.values.role}
              onChange={(role) => form.set({ role: role ?? 'staff' })}
            />
            <Select
              label={t.programs.proof}
              allowDeselect={false}
              data={PROOFS.map((proof) => ({ value: proof, label: t.programs.proofs[proof] }))}
              value={form.values.proof}
              onChange={(proof) => form.set({ proof: proof ?? 'secret' })}
            />
            <Textarea
              label={t.programs.redirects}
              description={t.programs.redirectsWhy}
              autosize
              minRows={2}
              maxRows={6}
              {...form.field('redirects', '/redirect_uris')}
            />
            <Refused problem={form.problem} />
            <Button type="submit" loading={form.busy}>
              {t.programs.register}
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  )
}

function Made({ made, onClose }: { made: Registered; onClose: () => void }) {
  return (
    <Stack>
      <Text size="sm" fw={600}>
        {t.programs.clientId}
      </Text>
      <Code block>{made.item.client_id}</Code>
      {made.client_secret && (
        <>
          <Alert color="yellow">{t.programs.shown}</Alert>
          <Text size="sm" fw={600}>
            {t.programs.secret}
          </Text>
          <Code block>{made.client_secret}</Code>
        </>
      )}
      <Button onClick={onClose}>{t.actions.close}</Button>
    </Stack>
  )
}
