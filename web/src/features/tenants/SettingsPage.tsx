// Settings: the business, its prices, prepared replies, providers, webhooks, team, keys, programs, and its end.
import { Alert } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import { lazy } from 'react'
import { useMay } from '../../api/session'
import { Page, ProblemNote, Waiting } from '../../components/Page'
import { Views } from '../../components/Views'
import { useTenant } from '../../components/useTenant'
import { When } from '../../components/When'
import { t } from '../../texts'

const VIEWS = {
  business: lazy(() => import('./Business').then((m) => ({ default: m.Business }))),
  prices: lazy(() => import('./Prices').then((m) => ({ default: m.Prices }))),
  replies: lazy(() => import('./Replies').then((m) => ({ default: m.Replies }))),
  templates: lazy(() => import('./Templates').then((m) => ({ default: m.Templates }))),
  providers: lazy(() => import('./Providers').then((m) => ({ default: m.Providers }))),
  webhooks: lazy(() => import('./Webhooks').then((m) => ({ default: m.Webhooks }))),
  people: lazy(() => import('./Team').then((m) => ({ default: m.Team }))),
  keys: lazy(() => import('./Keys').then((m) => ({ default: m.Keys }))),
  programs: lazy(() => import('./Programs').then((m) => ({ default: m.Programs }))),
  retention: lazy(() => import('./Retention').then((m) => ({ default: m.Retention }))),
  danger: lazy(() => import('./Danger').then((m) => ({ default: m.Danger }))),
} as const

type View = keyof typeof VIEWS
const NAMES = Object.keys(VIEWS) as View[]
const NEEDS: Partial<Record<View, string>> = {
  webhooks: 'webhooks:read',
  people: 'people:read',
  keys: 'keys:manage',
  programs: 'keys:manage',
  retention: 'privacy:manage',
  danger: 'tenants:delete',
}

export function SettingsPage() {
  const { view } = useParams({ from: '/signed-in/settings/{-$view}' })
  const navigate = useNavigate()
  const may = useMay()
  const { tenant, error, refetch } = useTenant()
  const names = NAMES.filter((name) => may(NEEDS[name] ?? 'tenants:read'))
  const shown = names.find((name) => name === view) ?? 'business'
  const Shown = VIEWS[shown]
  return (
    <Page title={t.pages.settings}>
      {error && !tenant && <ProblemNote problem={error} onRetry={() => void refetch()} />}
      {tenant?.deletion_due_at && (
        <Alert color="red" mb="md" title={t.danger.scheduled}>
          {t.danger.until} <When at={tenant.deletion_due_at} />
        </Alert>
      )}
      <Views
        id="settings"
        section={t.pages.settings}
        names={names}
        titles={t.settings.views}
        shown={shown}
        onGo={(next) => void navigate({ to: '/settings/{-$view}', params: { view: next } })}
      >
        {!may('tenants:configure') && !NEEDS[shown] && (
          <Alert color="gray" mb="md" py={6}>
            {t.settings.readOnly}
          </Alert>
        )}
        {tenant ? <Shown /> : <Waiting />}
      </Views>
    </Page>
  )
}
