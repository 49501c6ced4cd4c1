// Every message that the assistant looked at: what it made of it, on what that rests, and what it cost.
import { Anchor, Code, Drawer, Group, Select, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Item, Params } from '../../api/client'
import { useList } from '../../api/hooks'
import type { Column } from '../../components/DataTable'
import { DataTable } from '../../components/DataTable'
import { number } from '../../components/format'
import { Facts, Part } from '../../components/Page'
import { Status } from '../../components/Status'
import { useFilters } from '../../components/useFilters'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { cost } from './sums'
import css from './Agents.module.css'

type Run = Item<'assistant-runs'>
type Standing = NonNullable<Params<'assistant-runs'>['standing']>

interface Search {
  standing?: Standing
  run?: string
}

const STANDINGS: Standing[] = [
  'suggested',
  'accepted',
  'edited',
  'dismissed',
  'answered',
  'handed_over',
  'ended',
  'running',
]

const engineOf = (run: Run) => (run.engine.kind === 'rules' ? t.agents.rules : run.engine.model)

const COLUMNS: Column<Run>[] = [
  {
    id: 'started',
    header: t.agents.started,
    width: '120px',
    cell: (run) => <When at={run.started_at} relative />,
  },
  {
    id: 'standing',
    header: t.agents.standing,
    width: 'minmax(120px, 1fr)',
    cell: (run) => <Status value={run.standing} />,
  },
  {
    id: 'content',
    header: t.agents.says,
    width: 'minmax(160px, 4fr)',
    wide: true,
    cell: (run) => run.content ?? '—',
  },
  {
    id: 'engine',
    header: t.agents.engine,
    width: 'minmax(120px, 1fr)',
    wide: true,
    cell: engineOf,
  },
  {
    id: 'cost',
    header: t.agents.cost,
    width: '90px',
    align: 'end',
    wide: true,
    cell: (run) => cost(run.cost_micros),
  },
]

export function Runs() {
  const { filters, set } = useFilters<Search>()
  const found = useList('assistant-runs', filters.standing ? { standing: filters.standing } : {})
  const open = found.rows.find((run) => run.run_id === filters.run)
  return (
    <div className={css.runs}>
      <Select
        size="xs"
        w={180}
        mb="sm"
        clearable
        aria-label={t.agents.standing}
        placeholder={t.agents.anyStanding}
        value={filters.standing ?? null}
        data={STANDINGS.map((standing) => ({ value: standing, label: humane(standing) }))}
        onChange={(standing) =>
          set({ standing: (standing as Standing | null) ?? undefined } as Partial<Search>)
        }
      />
      <DataTable
        label={t.agents.runs}
        rows={found.rows}
        found={found}
        columns={COLUMNS}
        idOf={(run) => run.run_id}
        openId={filters.run}
        onOpen={(run) => set({ run: run.run_id })}
        empty={{ title: t.agents.noRuns, why: t.agents.emptyWhy }}
      />
      <Drawer
        opened={open !== undefined}
        onClose={() => set({ run: undefined } as Partial<Search>)}
        position="right"
        title={t.agents.run}
      >
        {open && <RunDetail run={open} />}
      </Drawer>
    </div>
  )
}

function RunDetail({ run }: { run: Run }) {
  const because = run.hand_over ?? run.needs_person
  return (
    <Stack gap={0}>
      <Group justify="space-between" mb="sm">
        <Status value={run.standing} />
        <Anchor component={Link} size="sm" to={`/inbox?status=all&thread=${run.thread_id}`}>
          {t.agents.openThread}
        </Anchor>
      </Group>
      <Facts
        facts={[
          [t.agents.engine, engineOf(run)],
          [t.agents.started, <When key="started" at={run.started_at} />],
          [t.agents.took, `${number(run.latency_ms)} ms`],
          [t.agents.calls, number(run.calls)],
          [t.agents.tokens, `${number(run.input_tokens)}, ${number(run.output_tokens)}`],
          [t.agents.cost, cost(run.cost_micros)],
          ...(run.reasons.length > 0
            ? [[t.suggestion.reason, run.reasons.map(humane).join(', ')] as [string, string]]
            : []),
          ...(because
            ? [[t.agents.handOver, t.suggestion.reasons[because] ?? humane(because)] as [string, string]]
            : []),
          ...(run.ended_by ? [[t.agents.standing, humane(run.ended_by)] as [string, string]] : []),
        ]}
      />
      {run.content && (
        <Part title={t.agents.says}>
          <Text size="sm" className={css.words}>
            {run.content}
          </Text>
        </Part>
      )}
      {run.tools.length > 0 && (
        <Part title={t.suggestion.rests}>
          <Stack gap="xs">
            {run.tools.map((tool, index) => (
              <div key={`${tool.tool} ${index}`}>
                <Group gap={6}>
                  <Text size="sm">{humane(tool.tool)}</Text>
                  <Status value={tool.outcome} size="xs" />
                  {tool.code && <Text size="xs">{tool.code}</Text>}
                </Group>
                {tool.detail != null && <Code block>{JSON.stringify(tool.detail, null, 2)}</Code>}
              </div>
            ))}
          </Stack>
        </Part>
      )}
    </Stack>
  )
}
