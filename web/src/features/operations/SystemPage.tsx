// Operations: how reading and sending stand, what happened, and what can be done about it.
import { useNavigate, useParams } from '@tanstack/react-router'
import { lazy } from 'react'
import { useMay } from '../../api/session'
import { Page } from '../../components/Page'
import { Views } from '../../components/Views'
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
  const Shown = VIEWS[shown]
  return (
    <Page title={t.pages.system}>
      <Views
        id="system"
        section={t.pages.system}
        names={names}
        titles={t.system.views}
        shown={shown}
        onGo={(next) => void navigate({ to: '/system/{-$view}', params: { view: next } })}
      >
        <Shown />
      </Views>
    </Page>
  )
}
