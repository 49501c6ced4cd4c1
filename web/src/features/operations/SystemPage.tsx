// Operations: how reading and sending stand, what happened, and what can be done about it.
import { Tabs } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { useMay } from '../../api/session'
import { Page, Waiting } from '../../components/Page'
import { useActions } from '../../registry/actions'
import { t } from '../../texts'

const VIEWS = {
  health: lazy(() => import('./Health').then((m) => ({ default: m.Health }))),
  projections: lazy(() => import('./Projections').then((m) => ({ default: m.Projections }))),
  parked: lazy(() => import('./Parked').then((m) => ({ default: m.Parked }))),
  outbox: lazy(() => import('./Outbox').then((m) => ({ default: m.Outbox }))),
  destinations: lazy(() => import('./Destinations').then((m) => ({ default: m.Destinations }))),
  events: lazy(() => import('./Events').then((m) => ({ default: m.Events }))),
  webhooks: lazy(() => import('./Record').then((m) => ({ default: m.WebhooksIn }))),
  acts: lazy(() => import('./Record').then((m) => ({ default: m.Acts }))),
} as const

type View = keyof typeof VIEWS
const NAMES = Object.keys(VIEWS) as View[]
/** Of the whole installation; the others are a tenant's own. */
const INSTALLATION: View[] = ['projections']

export function SystemPage() {
  const { view } = useParams({ from: '/signed-in/system/{-$view}' })
  const navigate = useNavigate()
  const may = useMay()
  const names = NAMES.filter(
    (name) => may(INSTALLATION.includes(name) ? 'installation:read' : 'operations:read') || name === 'health',
  )
  const shown = names.find((name) => name === view) ?? 'health'
  const go = (next: string | null) =>
    void navigate({ to: '/system/{-$view}', params: { view: next ?? undefined } })
  useActions(
    names.map((name) => ({
      id: `system.${name}`,
      title: t.system.views[name],
      section: t.pages.system,
      run: () => go(name),
    })),
  )
  const Shown = VIEWS[shown]
  return (
    <Page title={t.pages.system}>
      <Tabs value={shown} onChange={go} mb="md">
        <Tabs.List>
          {names.map((name) => (
            <Tabs.Tab value={name} key={name}>
              {t.system.views[name]}
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
