// What can be done with a booking in its state, by whoever may; each with its key.
import { Group } from '@mantine/core'
import { useState } from 'react'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { ActionButton } from '../../registry/ActionButton'
import type { Action } from '../../registry/actions'
import { useActions } from '../../registry/actions'
import { t } from '../../texts'
import { AssignDialog } from './AssignDialog'
import { EditDialog } from './EditDialog'
import type { Booking } from './BookingRecord'
import { PaidDialog } from './PaidDialog'
import { RescheduleDialog } from './RescheduleDialog'

type DialogName = 'reschedule' | 'assign' | 'edit' | 'paid'

export function BookingActions({ booking }: { booking: Booking }) {
  const [dialog, setDialog] = useState<DialogName | null>(null)
  const { confirm, dialog: question } = useConfirm()
  const offered = useOffered(booking, setDialog, confirm)
  useActions(offered)
  if (offered.length === 0) return null
  const close = () => setDialog(null)
  return (
    <Group gap={6} mt="sm" mb="xs">
      {offered.map((action, index) => (
        <ActionButton
          key={action.id}
          action={action}
          size="compact-sm"
          variant={index === 0 ? 'filled' : 'default'}
          {...(action.id === 'booking.cancel' && { color: 'red', variant: 'subtle' })}
        />
      ))}
      {question}
      {dialog === 'reschedule' && <RescheduleDialog booking={booking} onClose={close} />}
      {dialog === 'assign' && <AssignDialog booking={booking} onClose={close} />}
      {dialog === 'edit' && <EditDialog booking={booking} onClose={close} />}
      {dialog === 'paid' && <PaidDialog booking={booking} onClose={close} />}
    </Group>
  )
}

function useOffered(
  booking: Booking,
  setDialog: (dialog: DialogName) => void,
  confirm: ReturnType<typeof useConfirm>['confirm'],
): Action[] {
  const may = useMay()
  const booking_id = booking.booking_id
  const confirmBooking = useCommand('confirm-booking', { said: t.bookings.confirmed })
  const complete = useCommand('complete-booking', { said: t.bookings.completed })
  const noShow = useCommand('mark-no-show', { said: t.bookings.noShown })
  const cancel = useCommand('cancel-booking', { said: t.bookings.cancelled })
  const { status } = booking
  const isOpen = status === 'deposit_pending' || status === 'new'
  const isAlive = isOpen || status === 'confirmed'
  const [now] = useState(() => Date.now())
  const hasBegun = new Date(booking.starts_at).getTime() < now
  const section = t.panels.booking
  const all: (Action & { when: boolean; needs: string })[] = [
    {
      id: 'booking.confirm',
      title: t.bookings.confirm,
      keys: 'y',
      when: isOpen,
      needs: 'bookings:write',
      section,
      run: () =>
        confirm({
          title: t.bookings.confirm,
          body: t.bookings.confirmBody,
          confirm: t.bookings.confirm,
          run: () => confirmBooking.mutateAsync({ booking_id }),
        }),
    },
    {
      id: 'booking.complete',
      title: t.bookings.complete,
      keys: 'x',
      when: status === 'confirmed' && hasBegun,
      needs: 'bookings:write',
      section,
      run: () => complete.mutate({ booking_id }),
    },
    {
      id: 'booking.reschedule',
      title: t.bookings.reschedule,
      keys: 'r',
      when: isAlive,
      needs: 'bookings:write',
      section,
      run: () => setDialog('reschedule'),
    },
    {
      id: 'booking.assign',
      title: t.bookings.assign,
      keys: 'a',
      when: isAlive,
      needs: 'bookings:write',
      section,
      run: () => setDialog('assign'),
    },
    {
      id: 'booking.edit',
      title: t.bookings.edit,
      keys: 'e',
      when: isAlive,
      needs: 'bookings:write',
      section,
      run: () => setDialog('edit'),
    },
    {
      id: 'booking.paid',
      title: t.bookings.markPaid,
      keys: 'm',
      when: isAlive && booking.balance.amount_minor > 0,
      needs: 'payments:write',
      section,
      run: () => setDialog('paid'),
    },
    {
      id: 'booking.no-show',
      title: t.bookings.noShow,
      when: status === 'confirmed' && hasBegun,
      needs: 'bookings:cancel',
      section,
      run: () =>
        confirm({
          title: t.bookings.noShow,
          body: t.bookings.noShowBody,
          confirm: t.bookings.noShow,
          run: () => noShow.mutateAsync({ booking_id }),
        }),
    },
    {
      id: 'booking.cancel',
      title: t.bookings.cancel,
      when: isAlive,
      needs: 'bookings:cancel',
      section,
      run: () =>
        confirm({
          title: t.bookings.cancel,
          body: t.bookings.cancelBody,
          confirm: t.bookings.cancel,
          danger: true,
          reason: true,
          run: (reason) => cancel.mutateAsync({ booking_id, reason }),
        }),
    },
  ]
  return all.filter(({ when, needs }) => when && may(needs))
}
