// What was read in conversations: a queue of what is not sure, each with the words it rests on, to accept, reject or take back.
import { Button, SegmentedControl, Stack, Text } from '@mantine/core'
import type { Params } from '../../api/client'
import { useList } from '../../api/hooks'
import { Empty, Page, ProblemNote, Waiting } from '../../components/Page'
import { useFilters } from '../../components/useFilters'
import { useWalkedFocus } from '../../components/useWalk'
import { t } from '../../texts'
import { FactCard } from './FactCard'

const VIEWS = ['review', 'current', 'all'] as const
type View = (typeof VIEWS)[number]
interface Search {
  view?: View
  customer?: string
}

export function FactsPage() {
  const { filters, set } = useFilters<Search>()
  const list = useWalkedFocus<HTMLDivElement>()
  const view = VIEWS.find((known) => known === filters.view) ?? 'review'
  const params: Omit<Params<'facts'>, 'cursor'> = {
    ...(filters.customer ? { customer_id: filters.customer } : {}),
    ...(view === 'review' ? { standing: 'review' } : {}),
    ...(view === 'current' ? { current: true } : {}),
  }
  const { rows, problem, isPending, refetch, hasNextPage, fetchNextPage } = useList('facts', params)
  const views = (
    <SegmentedControl
      size="xs"
      aria-label={t.facts.view}
      data={VIEWS.map((one) => ({ value: one, label: t.facts[one] }))}
      value={view}
      onChange={(chosen) => set({ view: chosen as View })}
    />
  )
  return (
    <Page title={t.facts.page} tools={views}>
      <Text size="sm" c="dimmed" mb="md">
        {t.facts.why}
      </Text>
      {problem ? (
        <ProblemNote problem={problem} onRetry={() => void refetch()} />
      ) : isPending ? (
        <Waiting />
      ) : rows.length === 0 ? (
        <Empty title={t.facts.none} why={t.facts.noneWhy} />
      ) : (
        <Stack gap="sm" maw={760} ref={list}>
          {rows.map((fact) => (
            <FactCard fact={fact} key={fact.fact_id} />
          ))}
          {hasNextPage && (
            <Button size="xs" variant="default" onClick={() => void fetchNextPage()}>
              {t.journeys.more}
            </Button>
          )}
        </Stack>
      )}
    </Page>
  )
}
