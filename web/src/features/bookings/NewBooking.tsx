// Makes a booking. The server says the price while one types, by deciding without writing.
import {
  Button,
  Checkbox,
  Divider,
  Group,
  NumberInput,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Body } from '../../api/client'
import { Problem, tryCommand } from '../../api/client'
import { useAsk, useCommand } from '../../api/hooks'
import { usePanel } from '../../components/panel'
import { Refused } from '../../components/Refused'
import { Waiting } from '../../components/Page'
import { useFields } from '../../components/useFields'
import { useTenant } from '../../components/useTenant'
import { humane, t } from '../../texts'
import { SlotChoice } from './SlotChoice'

type Draft = Body<'create-booking'>
type Preference = NonNullable<Draft['payment_preference']>

/** With a customer's id their data stand there already. */
export function NewBooking({ id }: { id: string }) {
  const known = useAsk('customer-360', { id }, { enabled: id !== '' })
  if (id && known.isPending) return <Waiting />
  const profile = known.data?.item.profile
  return (
    <BookingForm
      customer={{
        first_name: profile?.first_name ?? '',
        last_name: profile?.last_name ?? '',
        email: profile?.email ?? '',
        phone: profile?.phone ?? '',
        address: profile?.address ?? '',
      }}
    />
  )
}

function BookingForm({
  customer,
}: {
  customer: Record<'first_name' | 'last_name' | 'email' | 'phone' | 'address', string>
}) {
  const form = useFields({
    ...customer,
    date: '',
    slot: '',
    adults: '10',
    kids: '0',
    notes: '',
    preference: 'stripe_checkout',
  })
  const [menu, setMenu] = useState<Record<string, number>>({})
  const [consent, setConsent] = useState({ sms: false, email: false })
  const { open } = usePanel()
  const create = useCommand('create-booking', { said: t.bookings.created, quiet: true })
  const draft = draftOf(form.values, menu, consent)
  const send = form.submit(async () => {
    const done = await create.mutateAsync(draft)
    open('booking', done.aggregate_id)
  })
  const { values, field } = form
  return (
    <form onSubmit={(event) => void send(event)}>
      <Stack gap="sm">
        <Group grow>
          <TextInput
            label={t.customers.firstName}
            required
            {...field('first_name', '/customer/first_name')}
          />
          <TextInput label={t.customers.lastName} required {...field('last_name', '/customer/last_name')} />
        </Group>
        <TextInput type="email" label={t.customers.email} required {...field('email', '/customer/email')} />
        <TextInput type="tel" label={t.customers.phone} required {...field('phone', '/customer/phone')} />
        <Checkbox
          size="xs"
          label={t.bookings.consentSms}
          checked={consent.sms}
          onChange={(event) => setConsent({ ...consent, sms: event.currentTarget.checked })}
        />
        <Checkbox
          size="xs"
          label={t.bookings.consentEmail}
          checked={consent.email}
          onChange={(event) => setConsent({ ...consent, email: event.currentTarget.checked })}
        />
        <Divider />
        <TextInput type="date" label={t.bookings.date} required {...field('date', '/booking/date')} />
        <SlotChoice date={values.date} value={values.slot} onChange={(slot) => form.set({ slot })} />
        <TextInput
          label={t.bookings.address}
          description={t.bookings.addressHint}
          required
          {...field('address', '/booking/address')}
        />
        <Group grow>
          <NumberInput
            label={t.bookings.adults}
            min={1}
            value={Number(values.adults)}
            onChange={(value) => form.set({ adults: String(value) })}
          />
          <NumberInput
            label={t.bookings.kids}
            min={0}
            value={Number(values.kids)}
            onChange={(value) => form.set({ kids: String(value) })}
          />
        </Group>
        <MenuChoice menu={menu} onChange={setMenu} />
        <Textarea label={t.bookings.notes} autosize minRows={2} {...field('notes', '/booking/notes')} />
        <Select
          label={t.bookings.preference}
          allowDeselect={false}
          data={Object.entries(t.bookings.preferences).map(([value, label]) => ({ value, label }))}
          value={values.preference}
          onChange={(preference) => form.set({ preference: preference ?? 'stripe_checkout' })}
        />
        <Estimate draft={draft} />
        <Refused
          problem={form.problem}
          onAlternative={(time) => form.set({ date: time.date, slot: time.slot })}
        />
        <Button type="submit" loading={form.busy} disabled={!values.slot}>
          {t.bookings.create}
        </Button>
      </Stack>
    </form>
  )
}

function draftOf(
  values: Record<string, string>,
  menu: Record<string, number>,
  consent: { sms: boolean; email: boolean },
): Draft {
  const text = (name: string) => values[name]?.trim() ?? ''
  return {
    source: 'admin',
    customer: {
      first_name: text('first_name'),
      last_name: text('last_name'),
      email: text('email'),
      phone: text('phone'),
      // Absent is unchanged: an empty box withdraws nothing.
      ...(consent.sms && { consent_sms: true }),
      ...(consent.email && { consent_email: true }),
    },
    booking: {
      date: text('date'),
      slot: text('slot'),
      address: text('address'),
      party: { adults: Number(values.adults), kids: Number(values.kids) },
      menu: Object.entries(menu)
        .filter(([, quantity]) => quantity > 0)
        .map(([item, quantity]) => ({ item, quantity })),
      ...(text('notes') && { notes: text('notes') }),
    },
    payment_preference: values.preference as Preference,
  }
}

function MenuChoice({
  menu,
  onChange,
}: {
  menu: Record<string, number>
  onChange: (menu: Record<string, number>) => void
}) {
  const items = Object.keys(useTenant().tenant?.price_book?.menu_upcharges_minor ?? {})
  if (items.length === 0) return null
  return (
    <details>
      <summary>{t.bookings.menu}</summary>
      <Stack gap={4} mt={6}>
        {items.map((item) => (
          <Group justify="space-between" key={item} wrap="nowrap">
            <Text size="sm">{humane(item)}</Text>
            <NumberInput
              size="xs"
              w={84}
              min={0}
              aria-label={humane(item)}
              value={menu[item] ?? 0}
              onChange={(value) => onChange({ ...menu, [item]: Number(value) })}
            />
          </Group>
        ))}
      </Stack>
    </details>
  )
}

/** What it will cost, as the server decides it. */
function Estimate({ draft }: { draft: Draft }) {
  const [settled] = useDebouncedValue(draft, 400)
  const { customer, booking } = settled
  const ready = [
    customer.first_name,
    customer.last_name,
    customer.email,
    customer.phone,
    booking.slot,
    booking.address,
  ].every(Boolean)
  const found = useQuery({
    queryKey: ['estimate', settled],
    queryFn: () => tryCommand('create-booking', settled),
    enabled: ready,
    retry: false,
  })
  if (!ready || found.isPending) {
    return (
      <Text size="sm" c="dimmed">
        {t.bookings.estimating}
      </Text>
    )
  }
  if (found.error) return <Refused problem={found.error instanceof Problem ? found.error : null} />
  return (
    <Group justify="space-between">
      <Text size="sm">{t.bookings.estimate}</Text>
      <Text fw={600}>{String(found.data.result.total_due ?? '')}</Text>
    </Group>
  )
}
