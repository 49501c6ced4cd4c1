// Customer 360 on a page of its own, at any moment of the past.
import { Alert, Button, Group, TextInput } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import { useAsk } from '../../api/hooks'
import { Page, ProblemNote, Waiting } from '../../components/Page'
import { useFilters } from '../../components/useFilters'
import { When } from '../../components/When'
import { t } from '../../texts'
import { CustomerFacts, CustomerRelated } from './CustomerRecord'
import { Timeline } from './Timeline'
import { TimeSlider } from './TimeSlider'
import css from './Customers.module.css'

export interface RecordSearch {
  as_of?: string
  kind?: string
  actor?: string
}

export function CustomerPage() {
  const { id } = useParams({ from: '/signed-in/customers/$id' })
  const { filters, set } = useFilters<RecordSearch>()
  const found = useAsk('customer-360', { id, ...(filters.as_of && { as_of: filters.as_of }) })
  const record = found.data?.item
  const past = filters.as_of !== undefined
  // A position of the log is told by the event that stands there.
  const isPosition = /^\d+$/.test(filters.as_of ?? '')
  const at = isPosition ? record?.timeline[0]?.occurred_at : filters.as_of
  const then = (text: string) =>
    set({ as_of: text ? new Date(text).toISOString() : undefined } as Partial<RecordSearch>)
  return (
    <Page
      title={record?.profile.name || t.panels.customer}
      tools={
        <Group gap={6}>
          <TextInput
            size="xs"
            type="datetime-local"
            aria-label={t.customers.then}
            title={t.customers.then}
            value={at && past ? localInput(at) : ''}
            onChange={(event) => then(event.currentTarget.value)}
          />
          {past && (
            <Button size="xs" variant="default" onClick={() => then('')}>
              {t.customers.now}
            </Button>
          )}
        </Group>
      }
    >
      <TimeSlider
        id={id}
        asOf={filters.as_of}
        onChange={(as_of) => set({ as_of } as Partial<RecordSearch>)}
      />
      {past && at && (
        <Alert
          color="yellow"
          my="sm"
          title={
            <>
              {t.customers.thenLabel} <When at={at} />
            </>
          }
        >
          {t.customers.thenWhy}
        </Alert>
      )}
      {found.error && <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Waiting />}
      {record && !found.error && (
        <div className={css.record}>
          <div>
            <CustomerFacts record={record} past={past} />
          </div>
          <div>
            <Timeline record={record} filters={filters} set={set} />
          </div>
          <div>
            <CustomerRelated record={record} past={past} />
          </div>
        </div>
      )}
    </Page>
  )
}

/** A moment as an input of the browser shows it, in the reader's zone. */
function localInput(at: string): string {
  const date = new Date(at)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
