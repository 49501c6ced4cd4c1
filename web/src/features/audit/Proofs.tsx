// How the sealed log stands, whom it was told to, and the proofs that can be taken away from here.
import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Problem } from '../../api/client'
import { send } from '../../api/client'
import { showProblem } from '../../api/hooks'
import { useOperation } from '../../api/operations'
import { number } from '../../components/format'
import { Facts, Part, ProblemNote, Waiting } from '../../components/Page'
import { saveAs } from '../../components/saveAs'
import { Status } from '../../components/Status'
import { useTenant } from '../../components/useTenant'
import { When } from '../../components/When'
import { t } from '../../texts'
import css from './Audit.module.css'

interface Log {
  tenant_id: string
  size: number
  signed_size: number
  moved_at: string
  public_key: string
  checkpoint: string | null
}

interface Witness {
  witness: string
  behind: number
  told_at: string | null
  failure: string | null
}

interface Report {
  tenant_id: string
  entries: number
  checkpoints: number
  finding: { fault: string; index: number | null; detail: string } | null
}

export function Proofs() {
  const { tenant } = useTenant()
  const found = useOperation<{ logs: Log[]; witnesses: Witness[] }>('audit')
  if (found.error) return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data || !tenant) return <Waiting />
  const { logs, witnesses } = found.data.item
  const log = logs.find((known) => known.tenant_id === tenant.tenant_id)
  return (
    <Stack>
      <Text size="sm">{t.audit.proofWhy}</Text>
      {log && <LogStanding log={log} />}
      <Verification tenantId={tenant.tenant_id} slug={tenant.slug} />
      <Part title={t.audit.witnesses}>
        {witnesses.length === 0 && (
          <Text size="sm" c="dimmed">
            {t.audit.noWitnesses}
          </Text>
        )}
        {witnesses.map((witness) => (
          <Group key={witness.witness} justify="space-between">
            <Text size="sm" className="mono">
              {witness.witness}
            </Text>
            <Group gap={6}>
              {witness.told_at && <When at={witness.told_at} relative />}
              <Status
                value={witness.failure ? 'failing' : witness.behind > 0 ? 'behind' : 'up_to_date'}
                label={witness.failure ?? t.audit.behind(witness.behind)}
              />
            </Group>
          </Group>
        ))}
      </Part>
    </Stack>
  )
}

function LogStanding({ log }: { log: Log }) {
  const { checkpoint } = log
  return (
    <>
      <Facts
        facts={[
          [t.audit.sealed, number(log.size)],
          [t.audit.signed, number(log.signed_size)],
          [t.audit.moved, <When key="moved" at={log.moved_at} />],
        ]}
      />
      <Part title={t.audit.publicKey}>
        <Code block className={css.note}>
          {log.public_key}
        </Code>
      </Part>
      {checkpoint && (
        <Part
          title={t.audit.checkpoint}
          tools={
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => saveAs(`checkpoint-${log.signed_size}.txt`, checkpoint, 'text/plain')}
            >
              {t.audit.downloadCheckpoint}
            </Button>
          }
        >
          <Code block className={css.note}>
            {checkpoint}
          </Code>
        </Part>
      )}
    </>
  )
}

function Verification({ tenantId, slug }: { tenantId: string; slug: string }) {
  const verify = useMutation<{ items: Report[] }, Problem>({
    mutationFn: () => send('GET', `/operations/audit/verification?tenant=${encodeURIComponent(slug)}`),
    onError: showProblem,
  })
  const report = verify.data?.items.find((known) => known.tenant_id === tenantId)
  return (
    <Stack gap="xs">
      <Group>
        <Button
          size="compact-sm"
          variant="default"
          loading={verify.isPending}
          onClick={() => verify.mutate()}
        >
          {t.audit.verify}
        </Button>
        {verify.isPending && (
          <Text size="sm" c="dimmed">
            {t.audit.verifying}
          </Text>
        )}
      </Group>
      {report && !report.finding && (
        <Alert color="teal">{t.audit.intact(number(report.entries), number(report.checkpoints))}</Alert>
      )}
      {report?.finding && (
        <Alert color="red" title={t.audit.broken}>
          {report.finding.fault}: {report.finding.detail}
        </Alert>
      )}
    </Stack>
  )
}

export function DownloadProof({ position }: { position: string }) {
  const [busy, setBusy] = useState(false)
  const download = async () => {
    setBusy(true)
    try {
      const { item } = await send<{ item: unknown }>('GET', `/operations/audit/proofs/${position}`)
      saveAs(`proof-${position}.json`, JSON.stringify(item, null, 2), 'application/json')
    } catch (problem) {
      showProblem(problem as Problem)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Button size="compact-sm" variant="default" loading={busy} onClick={() => void download()}>
      {t.audit.download}
    </Button>
  )
}
