// One approval: in words, exactly, why a person is asked, and the decision.
import { Alert, Badge, Button, Card, Code, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { useState } from 'react'
import type { Item } from '../../api/client'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { ago } from '../../components/format'
import { Refused } from '../../components/Refused'
import { Status } from '../../components/Status'
import { useActorName } from '../../components/useActorName'
import { useFields } from '../../components/useFields'
import { useTenant } from '../../components/useTenant'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { About } from './About'
import { argumentsOf, sentence } from './sentences'
import css from './Approvals.module.css'

export type Approval = Item<'approvals'>

interface Props {
  approval: Approval
  chosen: boolean
  now: number
  onChoose: () => void
}

export function ApprovalCard({ approval, chosen, now, onChoose }: Props) {
  const currency = useTenant().settings?.currency ?? 'USD'
  const actorName = useActorName()
  const given = argumentsOf(approval.arguments)
  const isOver = Date.parse(approval.expires_at) <= now
  const waits = approval.standing === 'proposed'
  return (
    <Card
      withBorder
      component="article"
      className={css.card}
      data-chosen={chosen || undefined}
      data-approval={approval.approval_id}
      tabIndex={-1}
      onClick={onChoose}
    >
      <Stack gap="xs">
        <Group justify="space-between" align="flex-start" gap="xs">
          <Title order={2} size="h5" className={css.words}>
            {sentence(approval.command, given, currency)}
          </Title>
          <Group gap={6}>
            <Badge variant="default" className="status">
              {t.approvals.risks[approval.risk] ?? humane(approval.risk)}
            </Badge>
            <Status
              value={approval.standing}
              label={t.approvals.standings[approval.standing] ?? humane(approval.standing)}
            />
          </Group>
        </Group>
        {given && <About given={given} />}
        <Text size="sm">
          {t.approvals.by} <strong>{actorName(approval.proposer)}</strong> ·{' '}
          <When at={approval.created_at} relative />
          {waits && !isOver && ` · ${t.approvals.expires(ago(approval.expires_at, now))}`}
        </Text>
        {approval.why.map((why) => (
          <Text size="sm" c="dimmed" key={why}>
            {t.approvals.reasons[why] ?? humane(why)}
          </Text>
        ))}
        <details open={waits}>
          <summary className={css.summary}>
            {t.approvals.exactly}: <span className="mono">{approval.command}</span>
          </summary>
          {given ? (
            <Code block>{JSON.stringify(given, null, 2)}</Code>
          ) : (
            <Text size="sm" c="dimmed">
              {t.approvals.hidden}
            </Text>
          )}
        </details>
        {approval.decided_by && (
          <Text size="sm">
            {t.approvals.decidedBy} {actorName(approval.decided_by)} ·{' '}
            <When at={approval.updated_at} relative />
            {approval.note ? ` · “${approval.note}”` : ''}
          </Text>
        )}
        {waits && isOver && <Alert py={6}>{t.approvals.expired}</Alert>}
        {waits && !isOver && <Decision approval={approval} />}
      </Stack>
    </Card>
  )
}

function Decision({ approval }: { approval: Approval }) {
  const form = useFields({ note: '' })
  const decide = useCommand('decide-approval', { quiet: true })
  const mayDecide = useMay()('approvals:decide')
  const [asked, setAsked] = useState<'approve' | 'reject' | null>(null)
  if (!mayDecide) return null
  const note = form.values.note.trim()
  const order = (decision: 'approve' | 'reject') =>
    form.submit(async () => {
      setAsked(decision)
      await decide.mutateAsync({
        approval_id: approval.approval_id,
        decision,
        ...(note && { note }),
        $options: { ifMatch: approval.sequence },
      })
    })
  return (
    <Stack gap="xs">
      <Refused problem={form.problem} />
      <Group gap="xs" align="flex-end">
        <TextInput
          size="xs"
          className={css.note}
          maxLength={1000}
          aria-label={t.approvals.note}
          placeholder={t.approvals.note}
          {...form.field('note')}
        />
        <Button
          size="xs"
          variant="default"
          data-decision="reject"
          disabled={form.busy}
          loading={form.busy && asked === 'reject'}
          onClick={() => void order('reject')()}
        >
          {t.approvals.reject}
        </Button>
        <Button
          size="xs"
          data-decision="approve"
          disabled={form.busy}
          loading={form.busy && asked === 'approve'}
          onClick={() => void order('approve')()}
        >
          {t.approvals.approve}
        </Button>
      </Group>
    </Stack>
  )
}
