// Moves a booking: asks first, because the customer is told; then the commands, and an honest word when one is refused.
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { Problem } from '../../api/client'
import { showProblem, useCommand } from '../../api/hooks'
import { useConfirm } from '../../components/Confirm'
import { day } from '../../components/format'
import { t } from '../../texts'
import type { BoardChef, Carried, Place } from './moves'
import { moveTo } from './moves'

export function useMove() {
  const [busy, setBusy] = useState<string | null>(null)
  const { confirm, dialog } = useConfirm()
  const reschedule = useCommand('reschedule-booking', { quiet: true })
  const assign = useCommand('assign-chef', { quiet: true })

  const put = (carried: Carried, to: Place, chefs: BoardChef[]) => {
    const move = moveTo(carried, to)
    if (!move) {
      notifications.show({ message: t.schedule.sameSlot })
      return
    }
    const { booking_id } = carried.booking
    const run = async () => {
      setBusy(booking_id)
      try {
        if (move.reschedule) await reschedule.mutateAsync({ booking_id, date: to.date, slot: to.slot })
        if (move.assign) await assign.mutateAsync({ booking_id, chef_id: to.chefId })
        notifications.show({
          message: move.reschedule ? t.schedule.moved : t.schedule.reassigned,
          color: 'teal',
        })
      } catch (error) {
        if (error instanceof Problem) showProblem(error)
        throw error
      } finally {
        setBusy(null)
      }
    }
    const said = (place: Place) => {
      const chef = chefs.find((known) => known.chef_id === place.chefId)?.name ?? ''
      return `${day(place.date)}, ${place.slot} (${chef})`
    }
    confirm({
      title: t.schedule.confirmMove,
      body: t.schedule.moveBody(carried.booking.customer_name, said(carried.from), said(to)),
      confirm: t.schedule.move,
      run,
    })
  }
  return { put, dialog, busy }
}
