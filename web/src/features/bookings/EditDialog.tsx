// Corrects guests, address and notes of a booking; the price follows by the server's rules.
import { Button, Group, Modal, NumberInput, Stack, Textarea, TextInput } from '@mantine/core'
import { ask } from '../../api/client'
import { useCommand } from '../../api/hooks'
import { Conflict } from '../../components/Conflict'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { useVersions } from '../../components/useVersions'
import { t } from '../../texts'
import type { Booking } from './BookingRecord'

const LABELS = {
  adults: t.bookings.adults,
  kids: t.bookings.kids,
  address: t.bookings.address,
  notes: t.bookings.notes,
}
type Fields = Record<keyof typeof LABELS, string>

function versionOf(booking: Pick<Booking, 'party' | 'address' | 'notes' | 'sequence'>) {
  const { adults, kids } = booking.party
  const fields: Fields = {
    adults: String(adults),
    kids: String(kids),
    address: booking.address ?? '',
    notes: booking.notes ?? '',
  }
  return { fields, sequence: booking.sequence }
}

export function EditDialog({ booking, onClose }: { booking: Booking; onClose: () => void }) {
  const { booking_id } = booking
  const update = useCommand('update-booking', { said: t.bookings.edited, quiet: true })
  const { base, theirs, send } = useVersions<Fields>(
    versionOf(booking),
    (fields, on) => {
      const isOther = (name: keyof Fields) => fields[name] !== on.fields[name]
      return update.mutateAsync({
        booking_id,
        ...((isOther('adults') || isOther('kids')) && {
          party: { adults: Number(fields.adults), kids: Number(fields.kids) },
        }),
        ...(isOther('address') && { address: fields.address }),
        ...(isOther('notes') && { notes: fields.notes }),
        $options: { ifMatch: on.sequence },
      })
    },
    async () => versionOf((await ask('booking', { id: booking_id })).item),
  )
  const form = useFields(base.fields)
  const save = (fields: Fields) =>
    form.submit(async () => {
      if (await send(fields)) onClose()
    })
  return (
    <Modal opened onClose={onClose} title={t.bookings.edit}>
      {theirs ? (
        <>
          <Conflict
            labels={LABELS}
            base={base.fields}
            mine={form.values}
            theirs={theirs.fields}
            busy={form.busy}
            onCancel={onClose}
            onSave={(fields) => void save(fields)()}
          />
          <Refused problem={form.problem} />
        </>
      ) : (
        <form onSubmit={(event) => void save(form.values)(event)}>
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
      )}
    </Modal>
  )
}
