// What is known of a customer, and everything else that belongs to them.
import { Anchor, Badge, CloseButton, Group, Stack, Text, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Item } from '../../api/client'
import { showUndo, useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { day, money } from '../../components/format'
import { Facts, Part } from '../../components/Page'
import { usePanel } from '../../components/panel'
import { Status } from '../../components/Status'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { Consents } from './Consents'
import { CustomerActions } from './CustomerActions'
import { Notes } from './Notes'
import { Privacy } from './Privacy'

export type Customer360 = Item<'customer-360'>
interface Props {
  record: Customer360
  /** Of a moment that is over; nothing can be changed there. */
  past: boolean
}

export function CustomerFacts({ record, past }: Props) {
  const { profile } = record
  return (
    <Stack gap={0}>
      {!past && <CustomerActions record={record} />}
      <Part title={t.customers.profile}>
        <Facts
          facts={[
            [t.customers.email, profile.email],
            [t.customers.phone, profile.phone],
            [t.customers.address, profile.address],
            [t.customers.source, humane(profile.source)],
            [t.customers.since, <When key="since" at={profile.created_at} />],
            [
              t.customers.lifetime,
              record.lifetime_value?.map((value) => money(value.amount_minor, value.currency)).join(', ') ||
                '—',
            ],
          ]}
        />
        {record.merged.length > 0 && (
          <Text size="xs" c="dimmed" mt={6}>
            {t.customers.merged(record.merged.length + 1)}
          </Text>
        )}
      </Part>
      <Part title={t.customers.tags}>
        <Tags record={record} past={past} />
      </Part>
      <Consents record={record} past={past} />
      {!past && <Privacy record={record} />}
    </Stack>
  )
}

function Tags({ record, past }: Props) {
  const [text, setText] = useState('')
  const tag = useCommand('tag-customer')
  const untag = useCommand('untag-customer')
  const { customer_id } = record
  const canWrite = useMay()('customers:write') && !past
  const remove = (name: string) =>
    untag.mutate(
      { customer_id, tag: name },
      { onSuccess: () => showUndo(t.customers.untagged(name), () => tag.mutate({ customer_id, tag: name })) },
    )
  const add = (event: React.FormEvent) => {
    event.preventDefault()
    if (text.trim()) tag.mutate({ customer_id, tag: text.trim() }, { onSuccess: () => setText('') })
  }
  return (
    <Group gap={6}>
      {record.tags.map((name) => (
        <Badge
          key={name}
          variant="default"
          className="status"
          rightSection={
            canWrite && (
              <CloseButton
                size="xs"
                iconSize={11}
                aria-label={`${t.actions.remove} ${name}`}
                onClick={() => remove(name)}
              />
            )
          }
        >
          {name}
        </Badge>
      ))}
      {canWrite && (
        <form onSubmit={add}>
          <TextInput
            size="xs"
            w={110}
            aria-label={t.customers.addTag}
            placeholder={t.customers.addTag}
            maxLength={64}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        </form>
      )}
    </Group>
  )
}

export function CustomerRelated({ record, past }: Props) {
  const { open } = usePanel()
  return (
    <Stack gap={0}>
      <Notes record={record} past={past} />
      {record.bookings && (
        <Part title={`${t.customers.bookings} (${record.bookings.length})`}>
          <Stack gap={6}>
            {record.bookings.map((booking) => (
              <Group key={booking.booking_id} justify="space-between" wrap="nowrap">
                <Anchor component="button" size="sm" onClick={() => open('booking', booking.booking_id)}>
                  {day(booking.date)}, {booking.slot}
                </Anchor>
                <Group gap={8} wrap="nowrap">
                  <Text size="sm">{money(booking.total.amount_minor, booking.total.currency)}</Text>
                  <Status value={booking.status} size="xs" />
                </Group>
              </Group>
            ))}
          </Stack>
        </Part>
      )}
      {record.conversations && (
        <Part title={`${t.customers.conversations} (${record.conversations.length})`}>
          <Stack gap={6}>
            {record.conversations.map((thread) => (
              <Group key={thread.thread_id} justify="space-between" wrap="nowrap">
                <Text size="sm" truncate component={Link} to={`/inbox?status=all&thread=${thread.thread_id}`}>
                  {thread.last_message ?? thread.subject ?? humane(thread.channel)}
                </Text>
                {thread.last_message_at && <When at={thread.last_message_at} relative size="xs" />}
              </Group>
            ))}
          </Stack>
        </Part>
      )}
      {record.facts && record.facts.length > 0 && (
        <Part title={`${t.facts.of} (${record.facts.length})`}>
          <Text size="sm" component={Link} to={`/facts?view=all&customer=${record.customer_id}`}>
            {t.facts.show}
          </Text>
        </Part>
      )}
      {record.journeys.length > 0 && (
        <Part title={`${t.journeys.page} (${record.journeys.length})`}>
          <Stack gap={6}>
            {record.journeys.map((run) => (
              <Group key={run.run_id} justify="space-between" wrap="nowrap">
                <Text size="sm" truncate component={Link} to={`/journeys/${run.journey}`}>
                  {run.journey}
                </Text>
                <Status value={run.standing} size="xs" />
              </Group>
            ))}
          </Stack>
        </Part>
      )}
      {record.payments && (
        <Part title={`${t.customers.payments} (${record.payments.length})`}>
          <Stack gap={6}>
            {record.payments.map((payment) => (
              <Group key={payment.payment_id} justify="space-between" wrap="nowrap">
                <Anchor component="button" size="sm" onClick={() => open('payment', payment.payment_id)}>
                  {money(payment.amount.amount_minor, payment.amount.currency)}
                </Anchor>
                <When at={payment.received_at} relative size="xs" />
              </Group>
            ))}
          </Stack>
        </Part>
      )}
    </Stack>
  )
}
