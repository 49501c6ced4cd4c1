// One booking on a page of its own.
import { useParams } from '@tanstack/react-router'
import { Page } from '../../components/Page'
import { t } from '../../texts'
import { BookingRecord } from './BookingRecord'

export function BookingPage() {
  const { id } = useParams({ from: '/signed-in/bookings/$id' })
  return (
    <Page title={t.panels.booking}>
      <BookingRecord id={id} />
    </Page>
  )
}
