// What has happened with a customer, by day, narrowed by kind and by who did it.
import { Badge, Button, Group, Select, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { grouped } from '../../components/grouped'
import { Part } from '../../components/Page'
import { day, today } from '../../components/format'
import { useActorName } from '../../components/useActorName'
import { useZone } from '../../components/useTenant'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { Changes } from './Changes'
import type { RecordSearch } from './CustomerPage'
import type { Customer360 } from './CustomerRecord'
import css from './Customers.module.css'

interface Props {
  record: Customer360
  filters: RecordSearch
  set: (change: Partial<RecordSearch>) => void
}

export function Timeline({ record, filters, set }: Props) {
  const zone = useZone()
  const actorName = useActorName()
  const kinds = [...new Set(record.timeline.map((line) => line.aggregate_type))]
  const actors = [...new Set(record.timeline.map((line) => line.actor))]
  const shown = record.timeline.filter(
    (line) =>
      (!filters.kind || line.aggregate_type === filters.kind) &&
      (!filters.actor || line.actor === filters.actor),
  )
  const days = grouped(shown, (line) => today(zone, new Date(line.occurred_at)))
  return (
    <Part
      title={t.customers.timeline}
      tools={
        <>
          <Select
            size="xs"
            w={132}
            clearable
            aria-label={t.customers.kinds}
            placeholder={t.customers.everything}
            value={filters.kind ?? null}
            data={kinds.map((kind) => ({ value: kind, label: humane(kind) }))}
            onChange={(kind) => set({ kind: kind ?? undefined } as Partial<RecordSearch>)}
          />
          <Select
            size="xs"
            w={132}
            clearable
            aria-label={t.customers.actors}
            placeholder={t.customers.anybody}
            value={filters.actor ?? null}
            data={actors.map((actor) => ({ value: actor, label: actorName(actor) }))}
            onChange={(actor) => set({ actor: actor ?? undefined } as Partial<RecordSearch>)}
          />
        </>
      }
    >
      {shown.length === 0 && (
        <Text size="sm" c="dimmed">
          {t.customers.noTimeline}
        </Text>
      )}
      {[...days].map(([date, lines]) => (
        <div key={date} className={css.day}>
          <Title order={3} size="xs" c="dimmed">
            {day(date)}
          </Title>
          <ol className={css.lines}>
            {lines.map((line, index) => (
              <Line
                key={`${line.position} ${index}`}
                line={line}
                customerId={record.customer_id}
                onGo={() => set({ as_of: line.position })}
              />
            ))}
          </ol>
        </div>
      ))}
    </Part>
  )
}

type LineOf = Customer360['timeline'][number]

function Line({ line, customerId, onGo }: { line: LineOf; customerId: string; onGo: () => void }) {
  const [open, setOpen] = useState(false)
  const actorName = useActorName()
  const isAgent = line.actor.startsWith('agent:') || line.actor.endsWith(':assistant')
  return (
    <li>
      <Text size="sm">{line.summary || humane(line.event_type)}</Text>
      <Group gap={6}>
        <Text size="xs" c="dimmed">
          <When at={line.occurred_at} size="xs" /> · {humane(line.event_type)} · {actorName(line.actor)}
        </Text>
        {isAgent && (
          <Badge size="xs" variant="default" className="status">
            {t.inbox.by.ai}
          </Badge>
        )}
        <Button
          size="compact-xs"
          variant="subtle"
          aria-expanded={open}
          aria-label={`${open ? t.past.hide : t.past.show}: ${line.summary || humane(line.event_type)}`}
          onClick={() => setOpen(!open)}
        >
          {open ? t.past.hide : t.past.show}
        </Button>
        {open && (
          <Button size="compact-xs" variant="subtle" onClick={onGo}>
            {t.past.go}
          </Button>
        )}
      </Group>
      {open && <Changes id={customerId} position={line.position} />}
    </li>
  )
}
