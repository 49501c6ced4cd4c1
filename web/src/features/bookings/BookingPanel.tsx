// One booking beside a list.
import { Link } from '@tanstack/react-router'
import { t } from '../../texts'
import { BookingRecord } from './BookingRecord'

export function BookingPanel({ id }: { id: string }) {
  return (
    <>
      <BookingRecord id={id} />
      <Link to="/bookings/$id" params={{ id }}>
        {t.actions.openPage}
      </Link>
    </>
  )
}
