// Who the conversation is with, and what they have booked: the third pane.
import { Anchor, Badge, Button, Group, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useAsk, useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { day, money } from '../../components/format'
import { Facts, Part, ProblemNote, Waiting } from '../../components/Page'
import { usePanel } from '../../components/panel'
import { Status } from '../../components/Status'
import { t } from '../../texts'
import css from './Inbox.module.css'

const SHOWN = 5

export function CustomerPane({ thread: id }: { thread: string }) {
  const thread = useAsk('inbox', { thread_id: id })
  const row = thread.data?.items[0]
  const customerId = row?.customer_id ?? ''
  return (
    <aside className={css.customer} aria-label={t.panels.customer}>
      {row && row.candidate_count > 1 && <Candidates id={id} />}
      {customerId && <Known id={customerId} />}
    </aside>
  )
}

function Known({ id }: { id: string }) {
  const found = useAsk('customer-360', { id })
  const { open } = usePanel()
  const may = useMay()
  if (found.error && !found.data)
    return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting rows={6} />
  const { profile, bookings, lifetime_value, tags } = found.data.item
  return (
    <Stack gap={0}>
      <Group justify="space-between" mb="xs" wrap="nowrap">
        <Title order={2} size="h5">
          {profile.name || t.unknownName}
        </Title>
        <Link to="/customers/$id" params={{ id }}>
          <Text size="xs">{t.actions.open}</Text>
        </Link>
      </Group>
      {tags.length > 0 && (
        <Group gap={4} mb="xs">
          {tags.map((tag) => (
            <Badge key={tag} variant="default" size="sm" className="status">
              {tag}
            </Badge>
          ))}
        </Group>
      )}
      <Facts
        facts={[
          [t.customers.email, profile.email],
          [t.customers.phone, profile.phone],
          [t.customers.address, profile.address],
          [
            t.customers.lifetime,
            lifetime_value?.map((value) => money(value.amount_minor, value.currency)).join(', ') || '—',
          ],
        ]}
      />
      <Part
        title={t.customers.bookings}
        tools={
          may('bookings:write') && (
            <Button size="compact-xs" variant="default" onClick={() => open('new-booking', id)}>
              {t.bookings.create}
            </Button>
          )
        }
      >
        <Stack gap={6}>
          {bookings?.length === 0 && (
            <Text size="sm" c="dimmed">
              {t.none}
            </Text>
          )}
          {bookings?.slice(0, SHOWN).map((booking) => (
            <Group key={booking.booking_id} justify="space-between" wrap="nowrap">
              <Anchor component="button" size="sm" onClick={() => open('booking', booking.booking_id)}>
                {day(booking.date)}, {booking.slot}
              </Anchor>
              <Status value={booking.status} size="xs" />
            </Group>
          ))}
        </Stack>
      </Part>
    </Stack>
  )
}

/** More than one customer has this address: somebody says who it is. */
function Candidates({ id }: { id: string }) {
  const thread = useAsk('thread', { id, limit: 1 })
  const move = useCommand('move-thread', { said: t.inbox.moved })
  return (
    <Part title={t.inbox.candidates}>
      <Stack gap={6}>
        <Text size="xs" c="dimmed">
          {t.inbox.candidatesWhy}
        </Text>
        {thread.data?.item.candidates.map((candidate) => (
          <Group key={candidate.customer_id} justify="space-between" wrap="nowrap">
            <Text size="sm">{candidate.name || t.unknownName}</Text>
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => move.mutate({ thread_id: id, customer_id: candidate.customer_id })}
            >
              {t.inbox.choose}
            </Button>
          </Group>
        ))}
      </Stack>
    </Part>
  )
}
