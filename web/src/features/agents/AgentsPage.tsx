// Agents: how the assistant does, each of its runs, what agents may do, and who holds a key.
import { Alert, Button, Group, SegmentedControl } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import { lazy } from 'react'
import { useAct, useDestinations } from '../../api/operations'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { Page } from '../../components/Page'
import { useFilters } from '../../components/useFilters'
import { Views } from '../../components/Views'
import { When } from '../../components/When'
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
      <Views
        id="agents"
        section={t.pages.agents}
        names={names}
        titles={t.agents.views}
        shown={shown}
        onGo={(next) => void navigate({ to: '/assistant/{-$view}', params: { view: next } })}
      >
        <Shown />
      </Views>
    </Page>
  )
}

/** The assistant's work passes the outbox; holding its destination back pauses it without losing anything. */
function Pause() {
  const { found, pathOf } = useDestinations()
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
          path: pathOf(TARGET, verb),
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
