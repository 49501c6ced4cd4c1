// What a call is about, for people: the records that its arguments name, each a link to it.
import { Anchor, Group, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useAsk } from '../../api/hooks'
import { useMay } from '../../api/session'
import { day, money } from '../../components/format'
import { usePanel } from '../../components/panel'
import { humane, t } from '../../texts'
import type { Arguments } from './sentences'

type Named = (id: string) => React.ReactNode

const RECORDS: Record<string, Named> = {
  payment_id: (id) => <PaymentLink id={id} />,
  booking_id: (id) => <BookingLink id={id} />,
  customer_id: (id) => <CustomerLink id={id} />,
  survivor_id: (id) => <CustomerLink id={id} />,
  merged_id: (id) => <CustomerLink id={id} />,
  thread_id: (id) => <ThreadLink id={id} />,
}

export function About({ given }: { given: Arguments }) {
  const named = Object.entries(given).filter(
    ([name, value]) => name in RECORDS && typeof value === 'string' && value,
  )
  if (named.length === 0) return null
  return (
    <Group gap={6}>
      <Text size="sm" c="dimmed">
        {t.approvals.about}
      </Text>
      {named.map(([name, value]) => (
        <span key={name}>{RECORDS[name]?.(String(value))}</span>
      ))}
    </Group>
  )
}

function PaymentLink({ id }: { id: string }) {
  const enabled = useMay()('payments:read')
  const found = useAsk('payments-feed', { payment_id: id }, { enabled })
  const { open } = usePanel()
  const row = found.data?.items[0]
  return (
    <Anchor component="button" size="sm" onClick={() => open('payment', id)}>
      {row
        ? `${money(row.amount.amount_minor, row.amount.currency)} · ${row.customer_name || t.unknownName}`
        : t.panels.payment}
    </Anchor>
  )
}

function BookingLink({ id }: { id: string }) {
  const enabled = useMay()('bookings:read')
  const found = useAsk('booking', { id }, { enabled })
  const { open } = usePanel()
  const row = found.data?.item
  return (
    <Anchor component="button" size="sm" onClick={() => open('booking', id)}>
      {row ? `${day(row.date)}, ${row.slot} · ${row.customer_name || t.unknownName}` : t.panels.booking}
    </Anchor>
  )
}

function CustomerLink({ id }: { id: string }) {
  const enabled = useMay()('customers:read')
  const found = useAsk('customer-360', { id }, { enabled })
  const { open } = usePanel()
  return (
    <Anchor component="button" size="sm" onClick={() => open('customer', id)}>
      {found.data?.item.profile.name || t.panels.customer}
    </Anchor>
  )
}

function ThreadLink({ id }: { id: string }) {
  const enabled = useMay()('conversations:read')
  const found = useAsk('inbox', { thread_id: id }, { enabled })
  const row = found.data?.items[0]
  return (
    <Anchor component={Link} size="sm" to={`/inbox?status=all&thread=${id}`}>
      {row ? `${row.customer_name || row.address || t.unknownName} · ${humane(row.channel)}` : t.pages.inbox}
    </Anchor>
  )
}
