// Chooses the chef of a booking among those who serve its zone; the free ones come first.
import { Button, Group, Modal, Radio, Stack } from '@mantine/core'
import { useState } from 'react'
import { useAsk, useCommand } from '../../api/hooks'
import { ProblemNote, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { t } from '../../texts'
import type { Booking } from './BookingRecord'

export function AssignDialog({ booking, onClose }: { booking: Booking; onClose: () => void }) {
  const [chef_id, setChef] = useState(booking.chef?.chef_id ?? '')
  const form = useFields({})
  const chefs = useAsk('chefs', { zone: booking.zone, active: true, limit: 200 })
  const free = useAsk('availability', { date: booking.date, zone: booking.zone })
  const assign = useCommand('assign-chef', { said: t.bookings.assigned, quiet: true })
  const isFree = (id: string) =>
    free.data?.items.some(
      (slot) => slot.slot === booking.slot && slot.chefs.some((chef) => chef.chef_id === id),
    ) ?? false
  const send = form.submit(async () => {
    await assign.mutateAsync({ booking_id: booking.booking_id, chef_id })
    onClose()
  })
  const sorted = [...(chefs.data?.items ?? [])].sort(
    (one, other) => Number(isFree(other.chef_id)) - Number(isFree(one.chef_id)),
  )
  return (
    <Modal opened onClose={onClose} title={t.bookings.assign}>
      {chefs.error && <ProblemNote problem={chefs.error} />}
      {chefs.isPending && <Waiting rows={4} />}
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          <Radio.Group value={chef_id} onChange={setChef} aria-label={t.bookings.chef}>
            <Stack gap="xs">
              {sorted.map((chef) => (
                <Radio
                  key={chef.chef_id}
                  value={chef.chef_id}
                  label={chef.name}
                  description={isFree(chef.chef_id) ? t.schedule.free : undefined}
                />
              ))}
            </Stack>
          </Radio.Group>
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" loading={form.busy} disabled={!chef_id}>
              {t.bookings.assign}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
