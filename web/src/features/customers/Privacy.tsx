// What a person may ask for their own data, and what the law asks for it: export, rest, erasure with its countdown, hold.
import { Alert, Button, Group, Modal, Select, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { Body } from '../../api/client'
import { ask, Problem } from '../../api/client'
import { showProblem, useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { Facts, Part } from '../../components/Page'
import { saveAs } from '../../components/saveAs'
import { When } from '../../components/When'
import { useActions } from '../../registry/actions'
import { t } from '../../texts'
import type { Customer360 } from './CustomerRecord'
import { daysLeft } from './daysLeft'

type Ground = Body<'hold-subject'>['ground']
const GROUNDS: Ground[] = ['legal_claim', 'investigation', 'statutory_retention']

export function Privacy({ record }: { record: Customer360 }) {
  const { profile } = record
  const canManage = useMay()('privacy:manage')
  const erased = profile.status === 'erased'
  if (!canManage && !profile.restricted && !erased) return null
  return (
    <Part title={t.privacy.title}>
      <Stack gap="xs">
        <Standing record={record} />
        {canManage && !erased && <Wishes record={record} />}
      </Stack>
    </Part>
  )
}

function Standing({ record }: { record: Customer360 }) {
  const { restricted, erase_at, hold, status } = record.profile
  if (status === 'erased') return <Alert color="gray">{t.privacy.erased}</Alert>
  return (
    <>
      {hold && <Alert color="yellow">{t.privacy.held(t.privacy.grounds[hold])}</Alert>}
      {erase_at ? (
        <Countdown at={erase_at} key={erase_at} />
      ) : restricted ? (
        <Alert color="orange">{t.privacy.restricted}</Alert>
      ) : (
        <Text size="sm" c="dimmed">
          {t.privacy.open}
        </Text>
      )}
    </>
  )
}

function Countdown({ at }: { at: string }) {
  // A page that stays open for days is drawn anew by the stream long before.
  const [now] = useState(() => Date.now())
  return (
    <Alert color="red">
      <Text size="sm">{t.privacy.erasing(daysLeft(at, now))}</Text>
      <Facts facts={[[t.privacy.due, <When key="due" at={at} />]]} />
    </Alert>
  )
}

function Wishes({ record }: { record: Customer360 }) {
  const [dialog, setDialog] = useState<'export' | 'hold' | null>(null)
  const { confirm, dialog: question } = useConfirm()
  const { customer_id } = record
  const { restricted, erase_at, hold } = record.profile
  const restrict = useCommand('restrict-subject', { said: t.privacy.rests })
  const lift = useCommand('lift-restriction', { said: t.privacy.lifted })
  const erase = useCommand('erase-subject', { said: t.privacy.eraseDone })
  const cancel = useCommand('cancel-erasure', { said: t.privacy.erasureCancelled })
  const release = useCommand('release-subject', { said: t.privacy.released })
  const all = [
    { id: 'privacy.export', title: t.privacy.export, when: true, run: () => setDialog('export') },
    {
      id: 'privacy.restrict',
      title: t.privacy.restrict,
      when: !restricted,
      run: () =>
        confirm({
          title: t.privacy.restrict,
          body: t.privacy.restrictBody,
          confirm: t.privacy.restrict,
          run: () => restrict.mutateAsync({ customer_id }),
        }),
    },
    {
      id: 'privacy.lift',
      title: t.privacy.lift,
      when: restricted && !erase_at,
      run: () => lift.mutate({ customer_id }),
    },
    {
      id: 'privacy.cancel',
      title: t.privacy.cancelErasure,
      when: Boolean(erase_at),
      run: () => cancel.mutate({ customer_id }),
    },
    {
      id: 'privacy.hold',
      title: t.privacy.hold,
      when: !hold,
      run: () => setDialog('hold'),
    },
    {
      id: 'privacy.release',
      title: t.privacy.release,
      when: Boolean(hold),
      run: () => release.mutate({ customer_id }),
    },
    {
      id: 'privacy.erase',
      title: t.privacy.erase,
      when: !erase_at,
      danger: true,
      run: () =>
        confirm({
          title: t.privacy.erase,
          body: t.privacy.eraseBody,
          confirm: t.privacy.erase,
          danger: true,
          run: () => erase.mutateAsync({ customer_id }),
        }),
    },
  ]
  const offered = all.filter((action) => action.when)
  useActions(offered.map(({ id, title, run }) => ({ id, title, run, section: t.privacy.title })))
  return (
    <Group gap={6}>
      {offered.map(({ id, title, run, danger }) => (
        <Button key={id} size="compact-sm" variant="default" c={danger ? 'red' : undefined} onClick={run}>
          {title}
        </Button>
      ))}
      {question}
      {dialog === 'export' && <ExportDialog customerId={customer_id} onClose={() => setDialog(null)} />}
      {dialog === 'hold' && <HoldDialog customerId={customer_id} onClose={() => setDialog(null)} />}
    </Group>
  )
}

function ExportDialog({ customerId, onClose }: { customerId: string; onClose: () => void }) {
  const order = useCommand('export-subject', { said: t.privacy.exported })
  const [busy, setBusy] = useState(false)
  const fetchAs = async (format: 'json' | 'html') => {
    setBusy(true)
    try {
      if (!order.isSuccess) await order.mutateAsync({ customer_id: customerId })
      const { item } = await ask('subject-export', { id: customerId, format })
      const isPage = format === 'html'
      const text = isPage ? (item.html ?? '') : JSON.stringify(item.document, null, 2)
      saveAs(`person-${customerId}.${format}`, text, isPage ? 'text/html' : 'application/json')
    } catch (problem) {
      // What the order itself was refused for has been shown.
      if (problem instanceof Problem && order.error !== problem) showProblem(problem)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={onClose} title={t.privacy.export}>
      <Stack>
        <Text size="sm">{t.privacy.exportBody}</Text>
        <Text size="sm" c="dimmed">
          {t.privacy.exportReady}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" loading={busy} onClick={() => void fetchAs('json')}>
            {t.privacy.exportJson}
          </Button>
          <Button loading={busy} onClick={() => void fetchAs('html')}>
            {t.privacy.exportHtml}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function HoldDialog({ customerId, onClose }: { customerId: string; onClose: () => void }) {
  const [ground, setGround] = useState<Ground>('legal_claim')
  const hold = useCommand('hold-subject', { said: t.privacy.heldDone })
  const send = () => hold.mutate({ customer_id: customerId, ground }, { onSuccess: onClose })
  return (
    <Modal opened onClose={onClose} title={t.privacy.hold}>
      <Stack>
        <Text size="sm">{t.privacy.holdBody}</Text>
        <Select
          label={t.privacy.ground}
          allowDeselect={false}
          data={GROUNDS.map((value) => ({ value, label: t.privacy.grounds[value] }))}
          value={ground}
          onChange={(value) => setGround((value as Ground | null) ?? 'legal_claim')}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t.actions.cancel}
          </Button>
          <Button loading={hold.isPending} onClick={send}>
            {t.privacy.hold}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
