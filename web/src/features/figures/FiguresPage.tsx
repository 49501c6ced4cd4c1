// The dashboard: what the days brought, beside the days before them.
import { BarChart, LineChart } from '@mantine/charts'
import '@mantine/charts/styles.css'
import { Card, SegmentedControl, SimpleGrid, Table, Text, Title } from '@mantine/core'
import { useAsk } from '../../api/hooks'
import { useMay } from '../../api/session'
import { day, duration, money, number, percent, plusDays, roundMoney, today } from '../../components/format'
import { Empty, Page, ProblemNote, Waiting } from '../../components/Page'
import { useFilters } from '../../components/useFilters'
import { useTenant } from '../../components/useTenant'
import { humane, t } from '../../texts'
import type { Sums } from './sums'
import { change, sumsOf } from './sums'
import css from './Figures.module.css'

const RANGES = [7, 30, 90]

export function FiguresPage() {
  const { filters, set } = useFilters<{ days?: string }>()
  const { settings } = useTenant()
  const days = RANGES.find((range) => String(range) === filters.days) ?? 30
  const to = today(settings?.time_zone)
  const from = plusDays(to, 1 - days)
  // Both spans in one answer: a query shows up to 200 days.
  const found = useAsk('dashboard', { from: plusDays(from, -days), to, limit: 200 }, { enabled: !!settings })
  const all = found.data?.items ?? []
  const shown = all.filter((row) => row.date >= from)
  const currency = shown[0]?.currency ?? 'USD'
  const chart = shown.map((row) => ({
    date: day(row.date),
    [t.figures.revenue]: row.revenue_minor,
    [t.figures.bookings]: row.bookings_created,
    [humane('confirmed')]: row.bookings_confirmed,
    [humane('completed')]: row.bookings_completed,
    [humane('cancelled')]: row.bookings_cancelled + row.bookings_expired + row.bookings_no_show,
  }))
  return (
    <Page
      title={t.pages.figures}
      tools={
        <SegmentedControl
          size="xs"
          aria-label={t.figures.range}
          value={String(days)}
          onChange={(next) => set({ days: next })}
          data={RANGES.map((range) => ({ value: String(range), label: t.figures.days(range) }))}
        />
      }
    >
      {found.error && !found.data && (
        <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
      )}
      {found.isPending && <Waiting />}
      {found.data && shown.length === 0 && <Empty title={t.figures.emptyTitle} why={t.figures.emptyWhy} />}
      {shown.length > 0 && (
        <>
          <Tiles
            now={sumsOf(shown)}
            before={sumsOf(all.filter((row) => row.date < from))}
            currency={currency}
            days={days}
            from={from}
            to={to}
          />
          <SimpleGrid cols={{ base: 1, md: 2 }} mt="md">
            <Card withBorder>
              <Title order={2} size="h6" mb="sm">
                {t.figures.revenue} · {t.figures.byDay}
              </Title>
              <LineChart
                h={220}
                data={chart}
                dataKey="date"
                withDots={false}
                curveType="linear"
                valueFormatter={(value) => money(value, currency)}
                yAxisProps={{
                  domain: [0, 'auto'],
                  width: 64,
                  tickFormatter: (value: number) => roundMoney(value, currency),
                }}
                series={[{ name: t.figures.revenue, color: 'teal.6' }]}
              />
            </Card>
            <Card withBorder>
              <Title order={2} size="h6" mb="sm">
                {t.figures.outcome}
              </Title>
              <BarChart
                h={220}
                data={chart}
                dataKey="date"
                withLegend
                legendProps={{ verticalAlign: 'bottom', height: 30 }}
                series={[
                  { name: t.figures.bookings, color: 'blue.6' },
                  { name: humane('completed'), color: 'teal.6' },
                  { name: humane('cancelled'), color: 'orange.6' },
                ]}
              />
            </Card>
          </SimpleGrid>
          <Channels from={from} to={to} />
          <details className={css.table}>
            <summary>{t.figures.table}</summary>
            <DaysTable rows={shown} currency={currency} />
          </details>
        </>
      )}
    </Page>
  )
}

interface TilesProps {
  now: Sums
  before: Sums
  currency: string
  days: number
  from: string
  to: string
}

function Tiles({ now, before, currency, days, from, to }: TilesProps) {
  const may = useMay()('conversations:read')
  const stats = useAsk('conversation-stats', { from, to }, { enabled: may })
  const response = stats.data?.items[0]?.first_response
  const tiles: [string, string, number | null][] = [
    [t.figures.bookings, number(now.bookings), change(now.bookings, before.bookings)],
    [t.figures.booked, roundMoney(now.booked, currency), change(now.booked, before.booked)],
    [t.figures.revenue, roundMoney(now.revenue, currency), change(now.revenue, before.revenue)],
    [
      t.figures.conversion,
      now.conversion === null ? '—' : percent(now.conversion),
      change(now.conversion, before.conversion),
    ],
    [t.figures.leads, number(now.leads), change(now.leads, before.leads)],
  ]
  return (
    <>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm">
        {tiles.map(([label, value, shift]) => (
          <Card withBorder padding="sm" key={label}>
            <Text size="xs" c="dimmed">
              {label}
            </Text>
            <Text fz={22} fw={650}>
              {value}
            </Text>
            <Text size="xs" c="dimmed">
              {shift === null
                ? t.figures.noneBefore
                : shift === 0
                  ? t.figures.noChange
                  : `${shift > 0 ? '▲' : '▼'} ${percent(Math.abs(shift))}`}
            </Text>
          </Card>
        ))}
        {response && (
          <Card withBorder padding="sm">
            <Text size="xs" c="dimmed">
              {t.figures.response}
            </Text>
            <Text fz={22} fw={650}>
              {response.median_seconds == null ? '—' : duration(response.median_seconds)}
            </Text>
            <Text size="xs" c="dimmed">
              {t.figures.responseWhy(response.count)}
            </Text>
          </Card>
        )}
      </SimpleGrid>
      <Text size="xs" c="dimmed" mt={6}>
        {day(from)} – {day(to)}, {t.figures.compared(days)}
      </Text>
    </>
  )
}

function Channels({ from, to }: { from: string; to: string }) {
  const may = useMay()('conversations:read')
  const found = useAsk('conversation-stats', { from, to, by: 'channel' }, { enabled: may })
  const rows = found.data?.items ?? []
  if (rows.length === 0) return null
  const median = (seconds: number | null | undefined) => (seconds == null ? '—' : duration(seconds))
  return (
    <Card withBorder mt="md">
      <Title order={2} size="h6" mb="sm">
        {t.figures.perChannel}
      </Title>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.figures.channel}</Table.Th>
            <Table.Th>{t.figures.first}</Table.Th>
            <Table.Th>{t.figures.any}</Table.Th>
            <Table.Th>{t.figures.resolution}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.group}>
              <Table.Td>{humane(row.group)}</Table.Td>
              <Table.Td>{median(row.first_response.median_seconds)}</Table.Td>
              <Table.Td>{median(row.response.median_seconds)}</Table.Td>
              <Table.Td>{median(row.resolution.median_seconds)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  )
}

function DaysTable({
  rows,
  currency,
}: {
  rows: { date: string; bookings_created: number; revenue_minor: number; leads: number; guests: number }[]
  currency: string
}) {
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t.figures.date}</Table.Th>
          <Table.Th>{t.figures.leads}</Table.Th>
          <Table.Th>{t.figures.bookings}</Table.Th>
          <Table.Th>{t.figures.guests}</Table.Th>
          <Table.Th>{t.figures.revenue}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.date}>
            <Table.Td>{day(row.date)}</Table.Td>
            <Table.Td>{row.leads}</Table.Td>
            <Table.Td>{row.bookings_created}</Table.Td>
            <Table.Td>{row.guests}</Table.Td>
            <Table.Td>{money(row.revenue_minor, currency)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
