// The inbox in three panes: the threads, one conversation, and who it is with. On a narrow screen one pane at a time.
import { useEffect, useRef } from 'react'
import { useList } from '../../api/hooks'
import { useSession } from '../../api/session'
import { Empty } from '../../components/Page'
import { SavedViews } from '../../components/SavedViews'
import { useFilters } from '../../components/useFilters'
import { useActions } from '../../registry/actions'
import { t } from '../../texts'
import { CustomerPane } from './CustomerPane'
import { inboxParams, searchOf } from './inboxParams'
import type { Search } from './inboxParams'
import { ThreadList } from './ThreadList'
import { ThreadPane } from './ThreadPane'
import css from './Inbox.module.css'

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
  useActions([
    {
      id: 'list.next',
      title: t.actions.next,
      section: t.sections.here,
      keys: 'j',
      bare: true,
      run: () => walk(1),
    },
    {
      id: 'list.previous',
      title: t.actions.previous,
      section: t.sections.here,
      keys: 'k',
      bare: true,
      run: () => walk(-1),
    },
  ])
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
        <ThreadPane
          id={filters.thread}
          key={filters.thread}
          onBack={() => set({ thread: undefined } as Partial<Search>)}
          onClosed={() => walk(1)}
        />
      ) : (
        <div className={css.thread}>
          <Empty title={t.inbox.chooseTitle} why={t.inbox.chooseWhy} />
        </div>
      )}
      {filters.thread && <CustomerPane thread={filters.thread} />}
    </div>
  )
}
