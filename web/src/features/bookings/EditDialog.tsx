// Corrects guests, address and notes of a booking; the price follows by the server's rules.
import { Button, Group, Modal, NumberInput, Stack, Textarea, TextInput } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { t } from '../../texts'
import type { Booking } from './BookingRecord'

export function EditDialog({ booking, onClose }: { booking: Booking; onClose: () => void }) {
  const { adults, kids } = booking.party
  const form = useFields({
    adults: String(adults),
    kids: String(kids),
    address: booking.address ?? '',
    notes: booking.notes ?? '',
  })
  const update = useCommand('update-booking', { said: t.bookings.edited, quiet: true })
  const send = form.submit(async () => {
    const { values } = form
    const changed = values.adults !== String(adults) || values.kids !== String(kids)
    await update.mutateAsync({
      booking_id: booking.booking_id,
      ...(changed && { party: { adults: Number(values.adults), kids: Number(values.kids) } }),
      ...(values.address !== (booking.address ?? '') && { address: values.address }),
      ...(values.notes !== (booking.notes ?? '') && { notes: values.notes }),
      $options: { ifMatch: booking.sequence },
    })
    onClose()
  })
  return (
    <Modal opened onClose={onClose} title={t.bookings.edit}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          <Group grow>
            <NumberInput
              label={t.bookings.adults}
              min={1}
              value={Number(form.values.adults)}
              onChange={(value) => form.set({ adults: String(value) })}
            />
            <NumberInput
              label={t.bookings.kids}
              min={0}
              value={Number(form.values.kids)}
              onChange={(value) => form.set({ kids: String(value) })}
            />
          </Group>
          <TextInput label={t.bookings.address} {...form.field('address')} />
          <Textarea label={t.bookings.notes} autosize minRows={2} {...form.field('notes')} />
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" loading={form.busy}>
              {t.actions.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
