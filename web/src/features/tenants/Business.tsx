// When and where the business works, how it refunds, and in whose name it writes.
import { Button, Group, NumberInput, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useEffect } from 'react'
import { ask } from '../../api/client'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { Conflict } from '../../components/Conflict'
import { isSame } from '../../components/merging'
import { NewerNote } from '../../components/NewerNote'
import { Part, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import type { TenantSettings } from '../../components/useTenant'
import { useHeld } from '../../components/useHeld'
import { useTenant } from '../../components/useTenant'
import type { Version } from '../../components/useVersions'
import { useVersions } from '../../components/useVersions'
import { t } from '../../texts'
import { commaList, parseRefund, parseZones, refundText, zonesText } from './lists'

const LABELS = {
  time_zone: t.settings.zone,
  currency: t.settings.currency,
  slots: t.settings.slots,
  party_minutes: t.settings.party,
  hold_hours: t.settings.hold,
  zones: t.settings.zones,
  refund: t.settings.refund,
  email_name: t.settings.senderName,
  email_from: t.settings.senderEmail,
  email_reply_to: t.settings.senderReply,
  sms_from: t.settings.senderSms,
}
type Fields = Record<keyof typeof LABELS, string>

function versionOf(tenant: { sequence: number; settings: unknown }): Version<Fields> {
  const settings = tenant.settings as TenantSettings
  const fields = {
    time_zone: settings.time_zone,
    currency: settings.currency,
    slots: settings.slots.join(', '),
    party_minutes: String(settings.party_minutes),
    hold_hours: String(settings.hold_hours),
    zones: zonesText(settings.zones),
    refund: refundText(settings.refund_policy),
    email_name: settings.senders.email_name ?? '',
    email_from: settings.senders.email_from ?? '',
    email_reply_to: settings.senders.email_reply_to ?? '',
    sms_from: settings.senders.sms_from ?? '',
  }
  return { fields, sequence: tenant.sequence }
}

export function Business() {
  const { tenant } = useTenant()
  if (!tenant) return <Waiting />
  return <Held newest={versionOf(tenant)} />
}

function Held({ newest }: { newest: Version<Fields> }) {
  const { held, isOld, setTouched } = useHeld(newest)
  return <Form key={held.sequence} version={held} isOld={isOld} onTouched={setTouched} />
}

interface FormProps {
  version: Version<Fields>
  /** Somebody has saved another one since. */
  isOld: boolean
  onTouched: (isTouched: boolean) => void
}

function Form({ version, isOld, onTouched }: FormProps) {
  const update = useCommand('update-settings', { said: t.settings.saved, quiet: true })
  const { base, theirs, send, look, back } = useVersions<Fields>(
    version,
    (fields, on) =>
      update.mutateAsync({
        time_zone: fields.time_zone,
        currency: fields.currency,
        slots: commaList(fields.slots),
        party_minutes: Number(fields.party_minutes),
        hold_hours: Number(fields.hold_hours),
        zones: parseZones(fields.zones) ?? [],
        refund_policy: parseRefund(fields.refund) ?? [],
        senders: {
          email_name: fields.email_name || null,
          email_from: fields.email_from || null,
          email_reply_to: fields.email_reply_to || null,
          sms_from: fields.sms_from || null,
        },
        $options: { ifMatch: on.sequence },
      }),
    async () => versionOf((await ask('tenant', {})).item),
  )
  const form = useFields(base.fields)
  const canWrite = useMay()('tenants:configure')
  const { values, field } = form
  const isTouched = !isSame(base.fields, values)
  useEffect(() => onTouched(isTouched), [isTouched, onTouched])
  const zones = parseZones(values.zones)
  const refund_policy = parseRefund(values.refund)
  const save = (fields: Fields) =>
    form.submit(async () => {
      if (parseZones(fields.zones) && parseRefund(fields.refund) && (await send(fields))) onTouched(false)
    })
  if (theirs) {
    return (
      <Stack maw={720}>
        <Conflict
          labels={LABELS}
          base={base.fields}
          mine={values}
          theirs={theirs.fields}
          busy={form.busy}
          onCancel={back}
          onSave={(fields) => void save(fields)()}
        />
        <Refused problem={form.problem} />
      </Stack>
    )
  }
  return (
    <form onSubmit={(event) => void save(values)(event)}>
      <Stack maw={720} gap={0}>
        {isOld && <NewerNote onLook={() => void look()} />}
        <Part title={t.settings.views.business}>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput label={t.settings.zone} {...field('time_zone')} />
            <TextInput label={t.settings.currency} {...field('currency')} />
            <TextInput label={t.settings.slots} description={t.settings.slotsHint} {...field('slots')} />
            <NumberInput
              label={t.settings.party}
              description=" "
              min={1}
              value={Number(values.party_minutes)}
              onChange={(value) => form.set({ party_minutes: String(value) })}
            />
            <NumberInput
              label={t.settings.hold}
              min={1}
              value={Number(values.hold_hours)}
              onChange={(value) => form.set({ hold_hours: String(value) })}
            />
          </SimpleGrid>
          <Textarea
            mt="sm"
            autosize
            label={t.settings.zones}
            description={t.settings.zonesHint}
            {...field('zones')}
            error={!zones}
          />
          <Textarea
            mt="sm"
            autosize
            label={t.settings.refund}
            description={t.settings.refundHint}
            {...field('refund', '/refund_policy')}
            error={!refund_policy}
          />
          {refund_policy?.map((rule) => (
            <Text size="xs" c="dimmed" key={rule.hours_before}>
              {t.settings.refundLine(rule.hours_before, `${rule.percent} %`)}
            </Text>
          ))}
        </Part>
        <Part title={t.settings.senders}>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput label={t.settings.senderName} {...field('email_name', '/senders/email_name')} />
            <TextInput label={t.settings.senderEmail} {...field('email_from', '/senders/email_from')} />
            <TextInput
              label={t.settings.senderReply}
              {...field('email_reply_to', '/senders/email_reply_to')}
            />
            <TextInput label={t.settings.senderSms} {...field('sms_from', '/senders/sms_from')} />
          </SimpleGrid>
        </Part>
        <Refused problem={form.problem} />
        {canWrite && (
          <Group mt="md">
            <Button type="submit" loading={form.busy} disabled={!zones || !refund_policy}>
              {t.actions.save}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}
