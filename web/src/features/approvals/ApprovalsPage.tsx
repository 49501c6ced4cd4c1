// What agents have asked people to agree to: the queue, live, the one that runs out first on top.
import { Button, SegmentedControl } from '@mantine/core'
import { useInterval } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'
import type { Params } from '../../api/client'
import { useList } from '../../api/hooks'
import { Empty, Page, ProblemNote, Waiting } from '../../components/Page'
import { useFilters } from '../../components/useFilters'
import { useWalk } from '../../components/useWalk'
import { useActions } from '../../registry/actions'
import { t } from '../../texts'
import { ApprovalCard } from './ApprovalCard'
import css from './Approvals.module.css'

const VIEWS = ['proposed', 'decided', 'all'] as const
type View = (typeof VIEWS)[number]
interface Search {
  standing?: View
  approval?: string
}

/** How often the time that is left is told anew. */
const TICK_MS = 5_000

export function ApprovalsPage() {
  const { filters, set } = useFilters<Search>()
  const view = VIEWS.find((known) => known === filters.standing) ?? 'proposed'
  const params: Omit<Params<'approvals'>, 'cursor'> = view === 'proposed' ? { standing: 'proposed' } : {}
  const found = useList('approvals', params)
  const rows = shownIn(view, found.rows)
  const now = useNow()
  const list = useRef<HTMLDivElement>(null)
  const at = rows.findIndex((row) => row.approval_id === filters.approval)
  const current = Math.max(at, 0)
  const choose = (id: string | undefined) => set({ approval: id } as Partial<Search>)
  const walk = (step: number) => {
    const next = rows[at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)]
    if (next) choose(next.approval_id)
  }
  useEffect(() => {
    const card = list.current?.querySelector<HTMLElement>('[data-chosen]')
    card?.scrollIntoView({ block: 'nearest' })
    if (filters.approval) card?.focus({ preventScroll: true })
  }, [filters.approval])
  const press = (decision: string) => {
    const card = list.current?.querySelectorAll<HTMLElement>('[data-approval]')[current]
    card?.querySelector<HTMLButtonElement>(`[data-decision=${decision}]`)?.click()
  }
  useWalk(walk)
  const section = t.sections.here
  useActions([
    {
      id: 'approvals.approve',
      title: t.approvals.approve,
      section,
      keys: 'a',
      run: () => press('approve'),
    },
    { id: 'approvals.reject', title: t.approvals.reject, section, keys: 'x', run: () => press('reject') },
  ])
  return (
    <Page
      title={t.pages.approvals}
      tools={
        <SegmentedControl
          size="xs"
          aria-label={t.pages.approvals}
          value={view}
          onChange={(next) => set({ standing: next === 'proposed' ? undefined : next } as Partial<Search>)}
          data={VIEWS.map((known) => ({ value: known, label: t.approvals.views[known] }))}
        />
      }
    >
      {found.problem && rows.length === 0 && (
        <ProblemNote problem={found.problem} onRetry={() => void found.refetch()} />
      )}
      {found.isPending && <Waiting rows={5} />}
      {found.data && rows.length === 0 && <Empty title={t.approvals.emptyTitle} why={t.approvals.emptyWhy} />}
      <div className={css.list} ref={list}>
        {rows.map((approval, index) => (
          <ApprovalCard
            key={approval.approval_id}
            approval={approval}
            now={now}
            chosen={index === current}
            onChoose={() => choose(approval.approval_id)}
          />
        ))}
      </div>
      {found.hasNextPage && (
        <Button
          mt="sm"
          size="xs"
          variant="default"
          loading={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t.actions.next}
        </Button>
      )}
    </Page>
  )
}

function shownIn<R extends { standing: string; expires_at: string }>(view: View, rows: R[]): R[] {
  if (view === 'decided') return rows.filter((row) => row.standing !== 'proposed')
  if (view === 'all') return rows
  return [...rows].sort((one, other) => Date.parse(one.expires_at) - Date.parse(other.expires_at))
}

function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  const { start, stop } = useInterval(() => setNow(Date.now()), TICK_MS)
  useEffect(() => {
    start()
    return stop
  }, [start, stop])
  return now
}
