// Agents: how the assistant does, each of its runs, what agents may do, and who holds a key.
import { Alert, Button, Group, SegmentedControl, Tabs } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import type { Destination } from '../../api/operations'
import { useAct, useOperations } from '../../api/operations'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { Page, Waiting } from '../../components/Page'
import { useFilters } from '../../components/useFilters'
import { When } from '../../components/When'
import { useActions } from '../../registry/actions'
import { t } from '../../texts'

const VIEWS = {
  overview: lazy(() => import('./Overview').then((m) => ({ default: m.Overview }))),
  runs: lazy(() => import('./Runs').then((m) => ({ default: m.Runs }))),
  limits: lazy(() => import('./Limits').then((m) => ({ default: m.Limits }))),
  keys: lazy(() => import('./AgentKeys').then((m) => ({ default: m.AgentKeys }))),
} as const
type View = keyof typeof VIEWS
const NAMES = Object.keys(VIEWS) as View[]
const NEEDS: Record<View, string> = {
  overview: 'figures:read',
  runs: 'conversations:read',
  limits: 'tenants:read',
  keys: 'keys:manage',
}

export const RANGES = [7, 30, 90] as const
/** Where the assistant's work waits, as operators see it. */
const TARGET = 'assistant'
const DAY_SECONDS = 86_400

export function AgentsPage() {
  const { view } = useParams({ from: '/signed-in/assistant/{-$view}' })
  const navigate = useNavigate()
  const may = useMay()
  const { filters, set } = useFilters<{ days?: string }>()
  const names = NAMES.filter((name) => may(NEEDS[name]))
  const shown = names.find((name) => name === view) ?? names[0]
  const go = (next: string | null) =>
    void navigate({ to: '/assistant/{-$view}', params: { view: next ?? undefined } })
  useActions(
    names.map((name) => ({
      id: `agents.${name}`,
      title: t.agents.views[name],
      section: t.pages.agents,
      run: () => go(name),
    })),
  )
  if (!shown) return null
  const Shown = VIEWS[shown]
  return (
    <Page
      title={t.pages.agents}
      tools={
        <Group gap="xs">
          {shown === 'overview' && (
            <SegmentedControl
              size="xs"
              aria-label={t.figures.range}
              value={filters.days ?? '30'}
              onChange={(days) => set({ days })}
              data={RANGES.map((range) => ({ value: String(range), label: t.figures.days(range) }))}
            />
          )}
          {may('operations:read') && <Pause />}
        </Group>
      }
    >
      <Tabs value={shown} onChange={go}>
        <Tabs.List>
          {names.map((name) => (
            <Tabs.Tab value={name} key={name}>
              {t.agents.views[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {names.map((name) => (
          <Tabs.Panel value={name} key={name} pt="md">
            {name === shown && (
              <Suspense fallback={<Waiting />}>
                <Shown />
              </Suspense>
            )}
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  )
}

/** The assistant's work passes the outbox; holding its destination back pauses it without losing anything. */
function Pause() {
  const found = useOperations<Destination>('destinations')
  const { confirm, dialog } = useConfirm()
  const act = useAct()
  const canWrite = useMay()('operations:write')
  const until = found.data?.items.find((destination) => destination.target === TARGET)?.paused_until
  const order = (verb: 'pause' | 'resume') => {
    const title = verb === 'pause' ? t.agents.pause : t.agents.resume
    confirm({
      title,
      body: verb === 'pause' ? t.agents.pauseBody : title,
      confirm: title,
      reason: true,
      run: (reason) =>
        act.mutateAsync({
          path: `destinations/${TARGET}/${verb}`,
          body: verb === 'pause' ? { seconds: DAY_SECONDS, reason } : { reason },
          said: verb === 'pause' ? t.agents.paused : t.agents.resumed,
        }),
    })
  }
  return (
    <>
      {until && (
        <Alert color="orange" py={4} px="sm">
          {t.agents.pausedUntil} <When at={until} />
        </Alert>
      )}
      {canWrite && (
        <Button size="xs" variant="default" onClick={() => order(until ? 'resume' : 'pause')}>
          {until ? t.agents.resume : t.agents.pause}
        </Button>
      )}
      {dialog}
    </>
  )
}
