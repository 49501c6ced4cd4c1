// The inbox in three panes: the threads, one conversation, and who it is with. On a narrow screen one pane at a time.
import { lazy, Suspense, useEffect, useRef } from 'react'
import { useList } from '../../api/hooks'
import { useSession } from '../../api/session'
import { whenAwake } from '../../components/awake'
import { Empty, Waiting } from '../../components/Page'
import { SavedViews } from '../../components/SavedViews'
import { useFilters } from '../../components/useFilters'
import { useWalk } from '../../components/useWalk'
import { t } from '../../texts'
import { inboxParams, searchOf } from './inboxParams'
import type { Search } from './inboxParams'
import { ThreadList } from './ThreadList'
import css from './Inbox.module.css'

const loadThread = () => import('./ThreadPane')
const loadCustomer = () => import('./CustomerPane')
const ThreadPane = lazy(() => loadThread().then((m) => ({ default: m.ThreadPane })))
const CustomerPane = lazy(() => loadCustomer().then((m) => ({ default: m.CustomerPane })))

export function InboxPage() {
  const { filters, set } = useFilters<Search>()
  const person = useSession().data?.person.id ?? ''
  const params = inboxParams(filters, person)
  const found = useList('inbox', params)
  const viewFilters = { ...params, limit: undefined }
  const list = useRef<HTMLDivElement>(null)
  const { rows } = found
  const at = rows.findIndex((row) => row.thread_id === filters.thread)
  const walk = (step: number) => {
    const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)]
    if (next) set({ thread: next.thread_id })
  }
  useWalk(walk)
  // Whoever begins opens a thread next.
  useEffect(
    () =>
      whenAwake(() => {
        void loadThread()
        void loadCustomer()
      }),
    [],
  )
  useEffect(() => {
    list.current?.querySelector('[aria-current="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [filters.thread])
  return (
    <div className={css.inbox} data-open={filters.thread ? 'thread' : 'list'}>
      <h1 className="skip">{t.pages.inbox}</h1>
      <ThreadList
        ref={list}
        found={found}
        filters={filters}
        set={set}
        views={
          <SavedViews
            query="inbox"
            filters={viewFilters}
            columns={[]}
            onApply={(view) => set(searchOf(view?.filters ?? { status: 'open' }))}
          />
        }
      />
      {filters.thread ? (
        <Suspense
          fallback={
            <div className={css.thread}>
              <Waiting />
            </div>
          }
        >
          <ThreadPane
            id={filters.thread}
            key={filters.thread}
            onBack={() => set({ thread: undefined } as Partial<Search>)}
            onClosed={() => walk(1)}
          />
        </Suspense>
      ) : (
        <div className={css.thread}>
          <Empty title={t.inbox.chooseTitle} why={t.inbox.chooseWhy} />
        </div>
      )}
      {filters.thread && (
        <Suspense fallback={null}>
          <CustomerPane thread={filters.thread} />
        </Suspense>
      )}
    </div>
  )
}
