// Bookings by status, as cards in columns; each column counts honestly and loads more by itself.
import { Button, Card, Group, Stack, Text, Title } from '@mantine/core'
import type { Params } from '../../api/client'
import { useList } from '../../api/hooks'
import { day, money } from '../../components/format'
import { ProblemNote, Waiting } from '../../components/Page'
import { usePanel } from '../../components/panel'
import { t } from '../../texts'
import { humane } from '../../texts'
import type { BookingRow } from './BookingsPage'
import css from './Bookings.module.css'

const COLUMNS = ['deposit_pending', 'new', 'confirmed', 'completed', 'cancelled', 'no_show'] as const
const PAGE = 30

export function BookingsBoard({ filters }: { filters: Omit<Params<'bookings'>, 'cursor'> }) {
  return (
    <div className={css.board}>
      {COLUMNS.map((status) => (
        <Column status={status} filters={filters} key={status} />
      ))}
    </div>
  )
}

function Column({
  status,
  filters,
}: {
  status: BookingRow['status']
  filters: Omit<Params<'bookings'>, 'cursor'>
}) {
  const sort = status === 'completed' || status === 'cancelled' ? '-starts_at' : 'starts_at'
  const found = useList('bookings', { ...filters, status, sort, limit: PAGE })
  const count = `${found.rows.length}${found.hasNextPage ? '+' : ''}`
  return (
    <section className={css.column} aria-label={humane(status)}>
      <Group justify="space-between" px={4}>
        <Title order={2} size="h6">
          {humane(status)}
        </Title>
        <Text size="xs" c="dimmed">
          {count}
        </Text>
      </Group>
      <div className={css.cards} tabIndex={0} role="group" aria-label={humane(status)}>
        {found.problem && <ProblemNote problem={found.problem} onRetry={() => void found.refetch()} />}
        {found.isPending && <Waiting rows={4} />}
        {found.rows.map((row) => (
          <BookingCard row={row} key={row.booking_id} />
        ))}
        {found.hasNextPage && (
          <Button
            size="compact-xs"
            variant="subtle"
            loading={found.isFetchingNextPage}
            onClick={() => void found.fetchNextPage()}
          >
            {t.actions.next}
          </Button>
        )}
      </div>
    </section>
  )
}

function BookingCard({ row }: { row: BookingRow }) {
  const { place, open } = usePanel()
  return (
    <Card
      component="button"
      withBorder
      padding={8}
      className={css.card}
      data-open={place?.id === row.booking_id || undefined}
      onClick={() => open('booking', row.booking_id)}
    >
      <Stack gap={2}>
        <Text size="sm" fw={600} truncate>
          {row.customer_name || t.unknownName}
        </Text>
        <Text size="xs" c="dimmed">
          {day(row.date)}, {row.slot} · {t.bookings.people(row.party.adults, row.party.kids)}
        </Text>
        <Group justify="space-between" gap={4}>
          <Text size="xs">{row.chef?.name ?? t.bookings.chefLater}</Text>
          <Text size="xs" className="nowrap">
            {money(row.total.amount_minor, row.total.currency)}
          </Text>
        </Group>
      </Stack>
    </Card>
  )
}
