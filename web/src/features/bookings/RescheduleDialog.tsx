// Moves a booking to another time; a time that is taken offers the nearest free ones.
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { t } from '../../texts'
import type { Booking } from './BookingRecord'
import { SlotChoice } from './SlotChoice'

export function RescheduleDialog({ booking, onClose }: { booking: Booking; onClose: () => void }) {
  const form = useFields({ date: booking.date, slot: '' })
  const reschedule = useCommand('reschedule-booking', { said: t.bookings.rescheduled, quiet: true })
  const { date, slot } = form.values
  const send = form.submit(async () => {
    const $options = { ifMatch: booking.sequence }
    await reschedule.mutateAsync({ booking_id: booking.booking_id, date, slot, $options })
    onClose()
  })
  return (
    <Modal opened onClose={onClose} title={t.bookings.reschedule}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          <TextInput type="date" label={t.bookings.date} required {...form.field('date')} />
          <SlotChoice
            date={date}
            zone={booking.zone}
            value={slot}
            onChange={(next) => form.set({ slot: next })}
          />
          <Refused
            problem={form.problem}
            onAlternative={(time) => form.set({ date: time.date, slot: time.slot })}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" loading={form.busy} disabled={!date || !slot}>
              {t.bookings.reschedule}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
