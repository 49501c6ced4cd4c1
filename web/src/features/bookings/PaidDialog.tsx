// Records what was paid for a booking by hand.
import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { minorUnits, typedMoney } from '../../components/format'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { humane, t } from '../../texts'
import type { Booking } from './BookingRecord'

const METHODS = ['cash', 'check', 'bank_transfer', 'card', 'other']

export function PaidDialog({ booking, onClose }: { booking: Booking; onClose: () => void }) {
  const { currency, amount_minor } = booking.balance
  const form = useFields({ amount: typedMoney(amount_minor, currency), method: 'cash' })
  const markPaid = useCommand('mark-paid', { said: t.bookings.markedPaid, quiet: true })
  const amount = form.values.amount.trim() ? minorUnits(form.values.amount, currency) : undefined
  const send = form.submit(async () => {
    const paid = amount == null ? {} : { amount_minor: amount }
    await markPaid.mutateAsync({ booking_id: booking.booking_id, method: form.values.method, ...paid })
    onClose()
  })
  return (
    <Modal opened onClose={onClose} title={t.bookings.markPaid}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          <TextInput
            label={`${t.bookings.amount} (${currency})`}
            description={t.bookings.amountHint}
            inputMode="decimal"
            {...form.field('amount', '/amount_minor')}
          />
          <Select
            label={t.bookings.method}
            data={METHODS.map((method) => ({ value: method, label: humane(method) }))}
            value={form.values.method}
            allowDeselect={false}
            onChange={(method) => form.set({ method: method ?? 'cash' })}
          />
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" loading={form.busy} disabled={amount === null}>
              {t.bookings.markPaid}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
