// The log as it lies there: by stream, type and correlation; and one intent drawn from its command to its effects.
import { Button, Code, Drawer, Group, Stack, Text, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Problem } from '../../api/client'
import { query, send } from '../../api/client'
import type { LoggedEvent } from '../../api/operations'
import { Facts, Part } from '../../components/Page'
import { useFilters } from '../../components/useFilters'
import { When } from '../../components/When'
import { t } from '../../texts'
import { Rows } from './Rows'
import { Trace } from './Trace'

interface Search {
  stream?: string
  type?: string
  aggregate?: string
  correlation?: string
}

interface PageOfEvents {
  items: LoggedEvent[]
  next_cursor: string | null
}

const PAGE = 50

function useEvents({ stream, type, aggregate, correlation }: Search) {
  const path = stream ? `/operations/streams/${encodeURIComponent(stream)}` : '/operations/events'
  const params = stream
    ? {}
    : { event_type: type, aggregate_type: aggregate, correlation_id: correlation, limit: PAGE }
  return useInfiniteQuery<PageOfEvents, Problem, { pages: PageOfEvents[] }, unknown[], string | null>({
    queryKey: ['operations', path, params],
    queryFn: ({ pageParam, signal }) =>
      send('GET', `${path}${query({ ...params, cursor: pageParam })}`, { signal }),
    initialPageParam: null,
    getNextPageParam: (page) => page.next_cursor,
  })
}

export function Events() {
  const { filters, set } = useFilters<Search>()
  const [open, setOpen] = useState<LoggedEvent | null>(null)
  const events = useEvents(filters)
  const items = events.data?.pages.flatMap((page) => page.items)
  const narrow = (name: keyof Search, label: string) => (
    <TextInput
      key={`${name} ${filters[name] ?? ''}`}
      size="xs"
      label={label}
      defaultValue={filters[name] ?? ''}
      onBlur={(event) => set({ [name]: event.currentTarget.value.trim() || undefined })}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur()
      }}
    />
  )
  const isNarrowed = Object.values({ ...filters, panel: undefined }).some(Boolean)
  return (
    <>
      <Group mb="sm" align="flex-end" gap="xs">
        {narrow('type', t.system.type)}
        {narrow('aggregate', t.system.aggregate)}
        {narrow('stream', t.system.stream)}
        {narrow('correlation', t.system.correlation)}
        {isNarrowed && (
          <Button
            size="xs"
            variant="subtle"
            onClick={() =>
              set({
                stream: undefined,
                type: undefined,
                aggregate: undefined,
                correlation: undefined,
              } as never)
            }
          >
            {t.actions.clear}
          </Button>
        )}
      </Group>
      {filters.correlation && <Trace correlation={filters.correlation} key={filters.correlation} />}
      <Rows
        found={{
          data: items && { items },
          error: events.error,
          isPending: events.isPending,
          refetch: events.refetch,
        }}
        keyOf={(event) => String(event.position)}
        heads={[t.system.position, t.system.event, t.system.stream, t.system.actor, t.system.when]}
        empty={{ title: t.none, why: '' }}
        cells={(event) => [
          event.position,
          <Button key="event" size="compact-xs" variant="subtle" onClick={() => setOpen(event)}>
            {event.event_type}
          </Button>,
          <Text key="stream" size="xs" className="mono">
            {event.aggregate_type} …{event.aggregate_id.slice(-8)} #{event.sequence}
          </Text>,
          <Text key="actor" size="xs" className="mono" truncate maw={180}>
            {event.actor}
          </Text>,
          <When key="when" at={event.recorded_at} size="xs" />,
        ]}
      />
      {events.hasNextPage && (
        <Button
          size="xs"
          variant="default"
          mt="sm"
          loading={events.isFetchingNextPage}
          onClick={() => void events.fetchNextPage()}
        >
          {t.actions.next}
        </Button>
      )}
      <Drawer
        opened={open !== null}
        onClose={() => setOpen(null)}
        position="right"
        title={open?.event_type}
        size="md"
      >
        {open && (
          <EventDetail
            event={open}
            onNarrow={(change) => {
              set({
                type: undefined,
                aggregate: undefined,
                stream: undefined,
                correlation: undefined,
                ...change,
              } as never)
              setOpen(null)
            }}
          />
        )}
      </Drawer>
    </>
  )
}

function EventDetail({ event, onNarrow }: { event: LoggedEvent; onNarrow: (change: Search) => void }) {
  return (
    <Stack gap={0}>
      <Group gap={6} mb="sm">
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => onNarrow({ correlation: event.correlation_id })}
        >
          {t.system.trace}
        </Button>
        <Button size="compact-xs" variant="default" onClick={() => onNarrow({ stream: event.aggregate_id })}>
          {t.system.wholeStream}
        </Button>
      </Group>
      <Facts
        facts={[
          [t.system.position, event.position],
          [
            t.system.stream,
            <span
              key="s"
              className="mono"
            >{`${event.aggregate_type} ${event.aggregate_id} #${event.sequence}`}</span>,
          ],
          [
            t.system.actor,
            <span key="a" className="mono">
              {event.actor}
            </span>,
          ],
          [t.system.when, <When key="w" at={event.occurred_at} />],
          [
            t.system.correlation,
            <span key="c" className="mono">
              {event.correlation_id}
            </span>,
          ],
        ]}
      />
      <Part title={t.system.payload}>
        <Code block>{JSON.stringify(event.payload, null, 2)}</Code>
      </Part>
      <Part title={t.system.metadata}>
        <Code block>{JSON.stringify(event.metadata, null, 2)}</Code>
      </Part>
    </Stack>
  )
}
