// When and where the business works, how it refunds, and in whose name it writes.
import { Button, Group, NumberInput, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { Part, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import type { TenantSettings } from '../../components/useTenant'
import { useTenant } from '../../components/useTenant'
import { t } from '../../texts'
import { commaList, parseRefund, parseZones, refundText, zonesText } from './lists'

export function Business() {
  const { tenant, settings } = useTenant()
  if (!tenant || !settings) return <Waiting />
  // A newer version brings a form of its own: nobody overwrites what they have not seen.
  return <Form settings={settings} version={tenant.sequence} key={tenant.sequence} />
}

function Form({ settings, version }: { settings: TenantSettings; version: number }) {
  const form = useFields({
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
  })
  const update = useCommand('update-settings', { said: t.settings.saved, quiet: true })
  const canWrite = useMay()('tenants:configure')
  const { values, field } = form
  const zones = parseZones(values.zones)
  const refund_policy = parseRefund(values.refund)
  const send = form.submit(async () => {
    if (!zones || !refund_policy) return
    await update.mutateAsync({
      time_zone: values.time_zone,
      currency: values.currency,
      slots: commaList(values.slots),
      party_minutes: Number(values.party_minutes),
      hold_hours: Number(values.hold_hours),
      zones,
      refund_policy,
      senders: {
        email_name: values.email_name || null,
        email_from: values.email_from || null,
        email_reply_to: values.email_reply_to || null,
        sms_from: values.sms_from || null,
      },
      $options: { ifMatch: version },
    })
  })
  return (
    <form onSubmit={(event) => void send(event)}>
      <Stack maw={720} gap={0}>
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
