// Everything about one booking, and what can be done with it.
import { Alert, Anchor, Badge, CopyButton, Group, Stack, Text, Title, UnstyledButton } from '@mantine/core'
import type { Item } from '../../api/client'
import { useAsk } from '../../api/hooks'
import { useMay } from '../../api/session'
import { day, money, percent } from '../../components/format'
import type { Money } from '../../components/format'
import { Facts, Part, ProblemNote, Waiting } from '../../components/Page'
import { usePanel } from '../../components/panel'
import { Status } from '../../components/Status'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { BookingActions } from './BookingActions'
import css from './Bookings.module.css'

export type Booking = Item<'booking'>

const amount = (value: Money) => money(value.amount_minor, value.currency)

export function BookingRecord({ id }: { id: string }) {
  const found = useAsk('booking', { id })
  const { open } = usePanel()
  const may = useMay()
  if (found.error && !found.data)
    return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting />
  const booking = found.data.item
  return (
    <Stack gap={0}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div>
          <Title order={2} size="h4">
            {day(booking.date, 'long')}, {booking.slot}
          </Title>
          <UnstyledButton
            onClick={() => open('customer', booking.customer_id)}
            disabled={!may('customers:read')}
          >
            <Anchor component="span" size="sm">
              {booking.customer_name || t.unknownName}
            </Anchor>
          </UnstyledButton>
        </div>
        <Stack gap={4} align="flex-end">
          <Status value={booking.status} />
          {booking.flagged && <Badge color="orange">{t.bookings.flagged}</Badge>}
        </Stack>
      </Group>
      <BookingActions booking={booking} />
      {booking.cancellation_reason && (
        <Alert color="gray" mt="sm" py={6}>
          {t.bookings.reason}: {booking.cancellation_reason}
        </Alert>
      )}
      <Part title={t.panels.booking}>
        <BookingFacts booking={booking} />
      </Part>
      <Part title={t.bookings.price}>
        <Prices booking={booking} />
      </Part>
      {booking.payments.length > 0 && may('payments:read') && (
        <Part title={t.bookings.payments}>
          {booking.payments.map((payment) => (
            <Group justify="space-between" key={payment.payment_id}>
              <UnstyledButton onClick={() => open('payment', payment.payment_id)}>
                <Anchor component="span" size="sm">
                  {money(payment.received_minor, booking.total.currency)}
                </Anchor>
              </UnstyledButton>
              {payment.refunded_minor > 0 && (
                <Text size="xs" c="dimmed">
                  {t.payments.refundedAmount}: {money(payment.refunded_minor, booking.total.currency)}
                </Text>
              )}
            </Group>
          ))}
        </Part>
      )}
    </Stack>
  )
}

function BookingFacts({ booking }: { booking: Booking }) {
  const facts: [string, React.ReactNode][] = [
    [t.bookings.party, t.bookings.people(booking.party.adults, booking.party.kids)],
    [t.bookings.chef, booking.chef?.name ?? t.bookings.chefLater],
    [t.bookings.address, booking.address],
    [t.bookings.zone, humane(booking.zone)],
  ]
  if (booking.menu.length > 0) {
    facts.push([
      t.bookings.menu,
      booking.menu.map((line) => `${line.quantity} × ${humane(line.item)}`).join(', '),
    ])
  }
  if (booking.notes) facts.push([t.bookings.notes, booking.notes])
  facts.push([t.bookings.preference, t.bookings.preferences[booking.payment_preference]])
  if (booking.status === 'deposit_pending') {
    facts.push([t.bookings.link, <PaymentLink key="link" url={booking.stripe_checkout_url ?? null} />])
    if (booking.hold_until) facts.push([t.bookings.hold, <When key="hold" at={booking.hold_until} />])
  }
  if (booking.refund_percent != null)
    facts.push([t.bookings.refundShare, percent(booking.refund_percent / 100)])
  facts.push([t.bookings.source, humane(booking.source)])
  facts.push([t.bookings.made, <When key="made" at={booking.created_at} />])
  return <Facts facts={facts} />
}

function PaymentLink({ url }: { url: string | null }) {
  if (!url) return <>{t.bookings.linkPending}</>
  return (
    <Group gap="xs">
      <Anchor href={url} target="_blank" rel="noreferrer" size="sm">
        {t.actions.open}
      </Anchor>
      <CopyButton value={url}>
        {({ copied, copy }) => (
          <Anchor component="button" size="sm" onClick={copy}>
            {copied ? t.actions.copied : t.bookings.copyLink}
          </Anchor>
        )}
      </CopyButton>
    </Group>
  )
}

function Prices({ booking }: { booking: Booking }) {
  const { currency } = booking.total
  return (
    <table className={css.prices}>
      <tbody>
        {booking.price.map((line) => (
          <tr key={`${line.kind} ${line.label ?? ''}`}>
            <td>
              {line.quantity > 1 ? `${line.quantity} × ` : ''}
              {humane(line.label ?? line.kind)}
            </td>
            <td>{money(line.amount_minor, currency)}</td>
          </tr>
        ))}
        <tr>
          <td>{t.bookings.total}</td>
          <td>{amount(booking.total)}</td>
        </tr>
        <tr>
          <td>{t.bookings.paid}</td>
          <td>{amount(booking.paid)}</td>
        </tr>
        <tr>
          <td>{t.bookings.balance}</td>
          <td>{amount(booking.balance)}</td>
        </tr>
      </tbody>
    </table>
  )
}
