// What a customer has agreed to, with the proof; and recording it.
import { Button, Group, Modal, Select, Stack, Text, Textarea, Tooltip } from '@mantine/core'
import { useState } from 'react'
import type { Body } from '../../api/client'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { Part } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { Status } from '../../components/Status'
import { useFields } from '../../components/useFields'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import type { Customer360 } from './CustomerRecord'

type Consent = Body<'update-consent'>
const CHANNELS: Consent['channel'][] = ['email', 'sms', 'phone', 'whatsapp', 'web_chat']
const PURPOSES: Consent['purpose'][] = ['transactional', 'marketing']

export function Consents({ record, past }: { record: Customer360; past: boolean }) {
  const [standing, setStanding] = useState<Consent['standing'] | null>(null)
  const canWrite = useMay()('customers:write') && !past
  return (
    <Part
      title={t.customers.consents}
      tools={
        canWrite && (
          <>
            <Button size="compact-xs" variant="default" onClick={() => setStanding('granted')}>
              {t.customers.grant}
            </Button>
            <Button size="compact-xs" variant="subtle" color="red" onClick={() => setStanding('withdrawn')}>
              {t.customers.withdraw}
            </Button>
          </>
        )
      }
    >
      <Stack gap={6}>
        {record.consents.length === 0 && (
          <Text size="sm" c="dimmed">
            {t.customers.noConsents}
          </Text>
        )}
        {record.consents.map((consent) => (
          <Tooltip
            key={`${consent.customer_id} ${consent.channel} ${consent.purpose}`}
            label={consent.wording}
            disabled={!consent.wording}
            multiline
            maw={320}
          >
            <Group justify="space-between" wrap="nowrap">
              <Text size="sm">
                {humane(consent.channel)} · {humane(consent.purpose)}
              </Text>
              <Group gap={6} wrap="nowrap">
                <When at={consent.changed_at} relative size="xs" />
                <Status value={consent.granted ? 'granted' : 'withdrawn'} size="xs" />
              </Group>
            </Group>
          </Tooltip>
        ))}
      </Stack>
      {standing && (
        <ConsentDialog
          customerId={record.customer_id}
          standing={standing}
          onClose={() => setStanding(null)}
        />
      )}
    </Part>
  )
}

function ConsentDialog({
  customerId,
  standing,
  onClose,
}: {
  customerId: string
  standing: Consent['standing']
  onClose: () => void
}) {
  const form = useFields({ channel: 'email', purpose: 'transactional', wording: '' })
  const update = useCommand('update-consent', { said: t.customers.consentSaved, quiet: true })
  const { channel, purpose, wording } = form.values
  const send = form.submit(async () => {
    await update.mutateAsync({
      customer_id: customerId,
      channel: channel as Consent['channel'],
      purpose: purpose as Consent['purpose'],
      standing,
      source: 'admin',
      wording: wording.trim(),
    })
    onClose()
  })
  return (
    <Modal opened onClose={onClose} title={standing === 'granted' ? t.customers.grant : t.customers.withdraw}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          <Select
            label={t.customers.consentChannel}
            allowDeselect={false}
            data={CHANNELS.map((value) => ({ value, label: humane(value) }))}
            value={channel}
            onChange={(value) => form.set({ channel: value ?? 'email' })}
          />
          <Select
            label={t.customers.consentPurpose}
            allowDeselect={false}
            data={PURPOSES.map((value) => ({ value, label: humane(value) }))}
            value={purpose}
            onChange={(value) => form.set({ purpose: value ?? 'transactional' })}
          />
          <Textarea
            label={t.customers.wording}
            description={t.customers.wordingHint}
            required
            autosize
            minRows={2}
            {...form.field('wording')}
          />
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button
              type="submit"
              loading={form.busy}
              disabled={!wording.trim()}
              color={standing === 'granted' ? undefined : 'red'}
            >
              {standing === 'granted' ? t.customers.grant : t.customers.withdraw}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
