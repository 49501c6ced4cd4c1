// Every page and what its address may carry. A page is loaded when somebody goes there.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  Outlet,
} from '@tanstack/react-router'
import { Crashed, Unknown } from './app/Fallbacks'
import { SignedIn } from './app/SignedIn'
import { parsePanel } from './components/panel'
import { texts } from './components/useFilters'

const root = createRootRoute({
  validateSearch: (search: Record<string, unknown>) => ({
    ...(parsePanel(search.panel) ? { panel: String(search.panel) } : {}),
    ...texts(['hide'])(search),
  }),
  component: Outlet,
  errorComponent: Crashed,
  notFoundComponent: Unknown,
})

const signedIn = createRoute({ getParentRoute: () => root, id: 'signed-in', component: SignedIn })

const index = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  component: () => <Navigate to="/inbox" replace />,
})

const inbox = createRoute({
  getParentRoute: () => signedIn,
  path: '/inbox',
  validateSearch: texts(['thread', 'status', 'channel', 'assigned', 'unread', 'search']),
  component: lazyRouteComponent(() => import('./features/conversations/InboxPage'), 'InboxPage'),
})

const customers = createRoute({
  getParentRoute: () => signedIn,
  path: '/customers',
  validateSearch: texts(['search', 'tag', 'source', 'duplicate', 'sort', 'status']),
  component: lazyRouteComponent(() => import('./features/customers/CustomersPage'), 'CustomersPage'),
})

const imports = createRoute({
  getParentRoute: () => signedIn,
  path: '/customers/imports/{-$id}',
  validateSearch: texts(['verdict', 'standing']),
  component: lazyRouteComponent(() => import('./features/imports/ImportsPage'), 'ImportsPage'),
})

const bulkRuns = createRoute({
  getParentRoute: () => signedIn,
  path: '/customers/runs/{-$id}',
  component: lazyRouteComponent(() => import('./features/bulk_runs/BulkRunsPage'), 'BulkRunsPage'),
})

const facts = createRoute({
  getParentRoute: () => signedIn,
  path: '/facts',
  validateSearch: texts(['view', 'customer']),
  component: lazyRouteComponent(() => import('./features/facts/FactsPage'), 'FactsPage'),
})

const journeys = createRoute({
  getParentRoute: () => signedIn,
  path: '/journeys/{-$id}',
  component: lazyRouteComponent(() => import('./features/journeys/JourneysPage'), 'JourneysPage'),
})

const customer = createRoute({
  getParentRoute: () => signedIn,
  path: '/customers/$id',
  validateSearch: texts(['as_of', 'kind', 'actor']),
  component: lazyRouteComponent(() => import('./features/customers/CustomerPage'), 'CustomerPage'),
})

const bookings = createRoute({
  getParentRoute: () => signedIn,
  path: '/bookings',
  validateSearch: texts(['status', 'zone', 'source', 'from', 'to', 'flagged', 'sort', 'as']),
  component: lazyRouteComponent(() => import('./features/bookings/BookingsPage'), 'BookingsPage'),
})

const booking = createRoute({
  getParentRoute: () => signedIn,
  path: '/bookings/$id',
  component: lazyRouteComponent(() => import('./features/bookings/BookingPage'), 'BookingPage'),
})

const schedule = createRoute({
  getParentRoute: () => signedIn,
  path: '/schedule',
  validateSearch: texts(['from', 'span', 'zone']),
  component: lazyRouteComponent(() => import('./features/chefs/SchedulePage'), 'SchedulePage'),
})

const payments = createRoute({
  getParentRoute: () => signedIn,
  path: '/payments',
  validateSearch: texts(['status', 'provider', 'flagged', 'sort']),
  component: lazyRouteComponent(() => import('./features/payments/PaymentsPage'), 'PaymentsPage'),
})

const approvals = createRoute({
  getParentRoute: () => signedIn,
  path: '/approvals',
  validateSearch: texts(['standing', 'approval']),
  component: lazyRouteComponent(() => import('./features/approvals/ApprovalsPage'), 'ApprovalsPage'),
})

const agents = createRoute({
  getParentRoute: () => signedIn,
  path: '/assistant/{-$view}',
  validateSearch: texts(['days', 'standing', 'run']),
  component: lazyRouteComponent(() => import('./features/agents/AgentsPage'), 'AgentsPage'),
})

const figures = createRoute({
  getParentRoute: () => signedIn,
  path: '/figures',
  validateSearch: texts(['days']),
  component: lazyRouteComponent(() => import('./features/figures/FiguresPage'), 'FiguresPage'),
})

const system = createRoute({
  getParentRoute: () => signedIn,
  path: '/system/{-$view}',
  validateSearch: texts(['state', 'stream', 'type', 'aggregate', 'correlation', 'message']),
  component: lazyRouteComponent(() => import('./features/operations/SystemPage'), 'SystemPage'),
})

const audit = createRoute({
  getParentRoute: () => signedIn,
  path: '/audit',
  validateSearch: texts(['actor', 'customer_id', 'subject', 'command', 'result', 'from', 'until']),
  component: lazyRouteComponent(() => import('./features/audit/AuditPage'), 'AuditPage'),
})

const settings = createRoute({
  getParentRoute: () => signedIn,
  path: '/settings/{-$view}',
  validateSearch: texts(['endpoint']),
  component: lazyRouteComponent(() => import('./features/tenants/SettingsPage'), 'SettingsPage'),
})

const profile = createRoute({
  getParentRoute: () => signedIn,
  path: '/profile',
  component: lazyRouteComponent(() => import('./features/people/ProfilePage'), 'ProfilePage'),
})

const withToken = (
  path: '/set-up' | '/invitation' | '/reset',
  name: 'SetUpPage' | 'InvitationPage' | 'ResetPage',
) =>
  createRoute({
    getParentRoute: () => root,
    path,
    validateSearch: texts(['token']),
    component: lazyRouteComponent(() => import('./features/people/TokenPages'), name),
  })

const pages = signedIn.addChildren([
  index,
  inbox,
  customers,
  imports,
  bulkRuns,
  facts,
  journeys,
  customer,
  bookings,
  booking,
  schedule,
  payments,
  approvals,
  agents,
  figures,
  system,
  audit,
  settings,
  profile,
])

export const router = createRouter({
  routeTree: root.addChildren([
    pages,
    withToken('/set-up', 'SetUpPage'),
    withToken('/invitation', 'InvitationPage'),
    withToken('/reset', 'ResetPage'),
  ]),
  defaultPreload: 'intent',
  // Search parameters are plain texts, so that addresses stay readable.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const kept = Object.entries(search).filter(([, value]) => value !== undefined && value !== '')
    const text = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString()
    return text ? `?${text}` : ''
  },
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
