// Records money that came outside of any provider; with a booking's id it counts for that booking.
import { Button, Select, Stack, TextInput } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { minorUnits } from '../../components/format'
import { usePanel } from '../../components/panel'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { useTenant } from '../../components/useTenant'
import { humane, t } from '../../texts'

const METHODS = ['cash', 'check', 'bank_transfer', 'card', 'other']

export function NewPayment({ id }: { id: string }) {
  const currency = useTenant().settings?.currency ?? 'USD'
  const form = useFields({ amount: '', method: 'cash', memo: '', reference: '', booking_id: id })
  const { open } = usePanel()
  const record = useCommand('record-payment', { said: t.payments.recorded, quiet: true })
  const amount = minorUnits(form.values.amount, currency)
  const send = form.submit(async () => {
    if (!amount) return
    const { method, memo, reference, booking_id } = form.values
    const done = await record.mutateAsync({
      amount_minor: amount,
      currency,
      method,
      ...(memo.trim() && { memo: memo.trim() }),
      ...(reference.trim() && { reference: reference.trim() }),
      ...(booking_id.trim() && { booking_id: booking_id.trim() }),
    })
    open('payment', done.aggregate_id)
  })
  return (
    <form onSubmit={(event) => void send(event)}>
      <Stack gap="sm">
        <TextInput
          label={`${t.payments.amount} (${currency})`}
          required
          autoFocus
          inputMode="decimal"
          {...form.field('amount', '/amount_minor')}
        />
        <Select
          label={t.payments.method}
          allowDeselect={false}
          data={METHODS.map((method) => ({ value: method, label: humane(method) }))}
          value={form.values.method}
          onChange={(method) => form.set({ method: method ?? 'cash' })}
        />
        <TextInput label={t.payments.memo} {...form.field('memo')} />
        <TextInput label={t.payments.reference} {...form.field('reference')} />
        <TextInput label={t.payments.bookingId} {...form.field('booking_id')} />
        <Refused problem={form.problem} />
        <Button type="submit" loading={form.busy} disabled={!amount}>
          {t.payments.record}
        </Button>
      </Stack>
    </form>
  )
}
