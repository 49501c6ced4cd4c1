// How the assistant does over some days: outcomes, how often it is taken at its word, and what it cost.
import { BarChart } from '@mantine/charts'
import { Card, SimpleGrid, Table, Text, Title } from '@mantine/core'
import type { Item } from '../../api/client'
import { useAsk } from '../../api/hooks'
import { day, number, percent, plusDays, today } from '../../components/format'
import { Empty, ProblemNote, Waiting } from '../../components/Page'
import { useFilters } from '../../components/useFilters'
import { useZone } from '../../components/useTenant'
import { t } from '../../texts'
import type { ModelRow, Sums } from './sums'
import { cost, share, sumsOf } from './sums'
import css from './Agents.module.css'

export function Overview() {
  const { filters } = useFilters<{ days?: string }>()
  const days = Number(filters.days) || 30
  const to = today(useZone())
  const range = { from: plusDays(to, 1 - days), to }
  const found = useAsk('agents', range)
  const usage = useAsk('ai-usage', { ...range, by: 'day' })
  const rows = found.data?.items ?? []
  if (found.error && !found.data)
    return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting />
  if (rows.length === 0) return <Empty title={t.agents.emptyTitle} why={t.agents.emptyWhy} />
  return (
    <>
      <Tiles sums={sumsOf(rows)} />
      <Text size="xs" c="dimmed" mt={6}>
        {day(range.from)} – {day(to)}
      </Text>
      <Card withBorder mt="md">
        <Title order={2} size="h6" mb="sm">
          {t.agents.perModel}
        </Title>
        <Models rows={rows} />
      </Card>
      <Days from={range.from} days={days} rows={usage.data?.items ?? []} />
    </>
  )
}

function Tiles({ sums }: { sums: Sums }) {
  const shown = (part: number, whole: number) => {
    const found = share(part, whole)
    return found === null ? '—' : percent(found)
  }
  const answers = sums.answered + sums.handedOver
  const tiles: [string, string, string][] = [
    [t.agents.runs, number(sums.runs), ''],
    [t.agents.answered, number(sums.answered), ''],
    [
      t.agents.acceptance,
      shown(sums.accepted, sums.settled),
      t.agents.acceptanceWhy(sums.accepted, sums.settled),
    ],
    [t.agents.handOver, shown(sums.handedOver, answers), t.agents.handOverWhy(sums.handedOver, answers)],
    [t.agents.cost, cost(sums.costMicros), sums.unpriced > 0 ? t.agents.unpriced(sums.unpriced) : ''],
  ]
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
      {tiles.map(([label, value, why]) => (
        <Card withBorder padding="sm" key={label}>
          <Text size="xs" c="dimmed">
            {label}
          </Text>
          <Text fz={22} fw={650}>
            {value}
          </Text>
          <Text size="xs" c="dimmed">
            {why}
          </Text>
        </Card>
      ))}
    </SimpleGrid>
  )
}

function Models({ rows }: { rows: ModelRow[] }) {
  const heads = [
    t.agents.model,
    t.agents.runs,
    t.agents.answered,
    t.agents.suggested,
    t.agents.acceptance,
    t.agents.edited,
    t.agents.dismissed,
    t.agents.handOver,
    t.agents.tokens,
    t.agents.cost,
  ]
  const rate = (value: number | null | undefined) => (value == null ? '—' : percent(value))
  return (
    <Table.ScrollContainer minWidth={860}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            {heads.map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={`${row.engine} ${row.model}`}>
              <Table.Td>{row.engine === 'rules' ? t.agents.rules : row.model}</Table.Td>
              <Table.Td>{number(row.runs)}</Table.Td>
              <Table.Td>{number(row.answered)}</Table.Td>
              <Table.Td>{number(row.suggested)}</Table.Td>
              <Table.Td>{rate(row.acceptance_rate)}</Table.Td>
              <Table.Td>{number(row.edited)}</Table.Td>
              <Table.Td>{number(row.dismissed)}</Table.Td>
              <Table.Td>{rate(row.hand_over_rate)}</Table.Td>
              <Table.Td>
                {number(row.input_tokens)}, {number(row.output_tokens)}
              </Table.Td>
              <Table.Td>{cost(row.cost_micros)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function Days({ from, days, rows }: { from: string; days: number; rows: Item<'ai-usage'>[] }) {
  const byDate = new Map(rows.map((row) => [row.date, row]))
  const all = Array.from({ length: days }, (_, index) => plusDays(from, index)).map((date) => {
    const row = byDate.get(date)
    return { date, runs: row?.runs ?? 0, micros: row?.cost_micros ?? 0, calls: row?.calls ?? 0, row }
  })
  const isPriced = all.some((one) => one.micros > 0)
  return (
    <Card withBorder mt="md">
      <Title order={2} size="h6" mb="sm">
        {isPriced ? t.agents.perDay : t.agents.runsPerDay}
      </Title>
      <BarChart
        h={200}
        dataKey="date"
        yAxisProps={{ allowDecimals: isPriced }}
        data={all.map((one) => ({
          date: day(one.date),
          [t.agents.cost]: one.micros / 1_000_000,
          [t.agents.runs]: one.runs,
        }))}
        series={
          isPriced ? [{ name: t.agents.cost, color: 'teal.6' }] : [{ name: t.agents.runs, color: 'blue.6' }]
        }
      />
      <details className={css.table}>
        <summary>{t.agents.table}</summary>
        <Table verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              {[t.figures.date, t.agents.runs, t.agents.calls, t.agents.tokens, t.agents.cost].map((head) => (
                <Table.Th key={head}>{head}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {all
              .filter((one) => one.runs > 0)
              .map(({ date, runs, calls, micros, row }) => (
                <Table.Tr key={date}>
                  <Table.Td>{day(date)}</Table.Td>
                  <Table.Td>{number(runs)}</Table.Td>
                  <Table.Td>
                    {number(calls)}
                    {row && row.failed_calls > 0 ? `, ${t.agents.failedCalls(row.failed_calls)}` : ''}
                  </Table.Td>
                  <Table.Td>
                    {number(row?.input_tokens ?? 0)}, {number(row?.output_tokens ?? 0)}
                  </Table.Td>
                  <Table.Td>{cost(micros)}</Table.Td>
                </Table.Tr>
              ))}
          </Table.Tbody>
        </Table>
      </details>
    </Card>
  )
}
