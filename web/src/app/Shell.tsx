// The frame around every page: where one is, where one can go, whether it is live, and the keys for all of it.
import {
  ActionIcon,
  Menu,
  NavLink,
  Text,
  Tooltip,
  UnstyledButton,
  useMantineColorScheme,
} from '@mantine/core'
import {
  IconCalendarEvent,
  IconCash,
  IconChartBar,
  IconGavel,
  IconFileImport,
  IconInbox,
  IconLayoutKanban,
  IconMenu2,
  IconQuote,
  IconRobot,
  IconRoute,
  IconSearch,
  IconServerCog,
  IconSettings,
  IconShieldCheck,
  IconStack2,
  IconUserCircle,
  IconUsers,
} from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useState } from 'react'
import type { Session } from '../api/session'
import { auth, SESSION_KEY } from '../api/session'
import { setPanelOpener, usePanel } from '../components/panel'
import type { Action } from '../registry/actions'
import { useActions } from '../registry/actions'
import { KeyCaps } from '../registry/Keys'
import { useHotkeys } from '../registry/useHotkeys'
import { t } from '../texts'
import { Live, StaleNote } from './Live'
import { WaitingApprovals } from './WaitingApprovals'
import { useAwake } from '../components/awake'
import { FactorDialog } from './FactorDialog'
import { Panels } from './Panels'
import css from './Shell.module.css'

// They are there as soon as somebody begins, so the first Ctrl+K waits for nothing.
const Palette = lazy(() => import('../registry/Palette').then((m) => ({ default: m.Palette })))
const KeySheet = lazy(() => import('../registry/KeySheet').then((m) => ({ default: m.KeySheet })))

const PAGES = [
  { to: '/inbox', title: t.pages.inbox, icon: IconInbox, keys: 'g i', needs: ['conversations:read'] },
  { to: '/customers', title: t.pages.customers, icon: IconUsers, keys: 'g c', needs: ['customers:read'] },
  {
    to: '/customers/imports/{-$id}',
    title: t.imports.page,
    icon: IconFileImport,
    keys: 'g m',
    needs: ['customers:write'],
  },
  {
    to: '/customers/runs/{-$id}',
    title: t.bulkRuns.page,
    icon: IconStack2,
    keys: 'g u',
    needs: ['customers:read'],
  },
  { to: '/bookings', title: t.pages.bookings, icon: IconLayoutKanban, keys: 'g b', needs: ['bookings:read'] },
  {
    to: '/schedule',
    title: t.pages.schedule,
    icon: IconCalendarEvent,
    keys: 'g s',
    needs: ['bookings:read'],
  },
  { to: '/payments', title: t.pages.payments, icon: IconCash, keys: 'g p', needs: ['payments:read'] },
  { to: '/facts', title: t.facts.page, icon: IconQuote, keys: 'g f', needs: ['conversations:read'] },
  { to: '/journeys/{-$id}', title: t.journeys.page, icon: IconRoute, keys: 'g j', needs: ['tenants:read'] },
  { to: '/approvals', title: t.pages.approvals, icon: IconGavel, keys: 'g a', needs: ['approvals:read'] },
  {
    to: '/assistant/{-$view}',
    title: t.pages.agents,
    icon: IconRobot,
    keys: 'g t',
    needs: ['figures:read', 'conversations:read'],
  },
  { to: '/figures', title: t.pages.figures, icon: IconChartBar, keys: 'g d', needs: ['figures:read'] },
  {
    to: '/system/{-$view}',
    title: t.pages.system,
    icon: IconServerCog,
    keys: 'g o',
    needs: ['operations:read', 'installation:read'],
  },
  { to: '/audit', title: t.audit.title, icon: IconShieldCheck, keys: 'g l', needs: ['operations:read'] },
  {
    to: '/settings/{-$view}',
    title: t.pages.settings,
    icon: IconSettings,
    keys: 'g e',
    needs: ['tenants:read'],
  },
] as const

export function Shell({ session }: { session: Session }) {
  const [dialog, setDialog] = useState<'palette' | 'keys' | null>(null)
  const [menu, setMenu] = useState(false)
  const may = (needs: readonly string[]) =>
    needs.some((permission) => session.permissions.includes(permission))
  const pages = PAGES.filter((page) => may(page.needs))
  const path = useRouterState({ select: (state) => state.location.pathname })
  // Imports lie under customers: the longest address that fits is where one is.
  const fitting = PAGES.filter((page) => path.startsWith(page.to.replace(/\/\{-.*/, '')))
  const here = fitting.sort((one, other) => other.to.length - one.to.length)[0]
  useShellActions(session, pages, setDialog)
  useHotkeys()
  const isAwake = useAwake()
  useEffect(() => {
    document.title = here ? `${here.title} · ${session.tenant.name}` : t.product
  }, [here, session.tenant.name])
  return (
    <div className={css.shell}>
      <a href="#content" className="skip">
        {t.actions.skip}
      </a>
      <header className={css.bar}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t.actions.menu}
          aria-expanded={menu}
          onClick={() => setMenu(!menu)}
        >
          <IconMenu2 size={20} />
        </ActionIcon>
        <Text fw={600}>{here?.title ?? t.product}</Text>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t.actions.palette}
          onClick={() => setDialog('palette')}
        >
          <IconSearch size={20} />
        </ActionIcon>
      </header>
      <nav className={css.nav} data-open={menu || undefined} aria-label={t.product}>
        <Text className={css.tenant} truncate>
          {session.tenant.name}
        </Text>
        <UnstyledButton className={css.search} onClick={() => setDialog('palette')}>
          <IconSearch size={14} />
          <span>{t.actions.search}</span>
          <KeyCaps keys="mod+k" />
        </UnstyledButton>
        {pages.map((page) => (
          <Tooltip key={page.to} label={<KeyCaps keys={page.keys} />} position="right" openDelay={600}>
            <NavLink
              component={Link}
              to={page.to}
              label={page.title}
              leftSection={<page.icon size={17} stroke={1.7} />}
              rightSection={page.to === '/approvals' ? <WaitingApprovals /> : null}
              // A page under another's address is that page alone.
              activeOptions={{ exact: true }}
              active={page === here}
              aria-current={page === here ? 'page' : undefined}
              className={css.link}
              onClick={() => setMenu(false)}
            />
          </Tooltip>
        ))}
        <div className={css.foot}>
          <Live />
          <PersonMenu session={session} onKeys={() => setDialog('keys')} />
        </div>
      </nav>
      <main className={css.main} id="content" tabIndex={-1}>
        <StaleNote />
        {here && !may(here.needs) ? <Text p="lg">{t.problems.forbidden}</Text> : <Outlet />}
      </main>
      <Panels />
      <FactorDialog />
      {isAwake && (
        <Suspense fallback={null}>
          <Palette opened={dialog === 'palette'} onClose={() => setDialog(null)} />
          <KeySheet opened={dialog === 'keys'} onClose={() => setDialog(null)} />
        </Suspense>
      )}
    </div>
  )
}

function useShellActions(
  session: Session,
  pages: readonly (typeof PAGES)[number][],
  setDialog: (dialog: 'palette' | 'keys') => void,
) {
  const navigate = useNavigate()
  const signOut = useSignOut()
  const { open, close, place } = usePanel()
  const { toggleColorScheme } = useMantineColorScheme()
  useEffect(() => setPanelOpener(open), [open])
  const creations = [
    {
      id: 'bookings.create',
      kind: 'new-booking',
      title: t.bookings.create,
      keys: 'c b',
      needs: 'bookings:write',
    },
    {
      id: 'customers.create',
      kind: 'new-customer',
      title: t.customers.create,
      keys: 'c c',
      needs: 'customers:write',
    },
    {
      id: 'payments.record',
      kind: 'new-payment',
      title: t.payments.record,
      keys: 'c p',
      needs: 'payments:write',
    },
  ] as const
  const actions: Action[] = [
    ...pages.map((page) => ({
      id: `go${page.to}`,
      title: page.title,
      section: t.sections.go,
      keys: page.keys,
      run: () => void navigate({ to: page.to }),
    })),
    ...creations
      .filter((creation) => session.permissions.includes(creation.needs))
      .map(({ id, kind, title, keys }) => ({
        id,
        title,
        keys,
        section: t.sections.create,
        run: () => open(kind),
      })),
    {
      id: 'app.palette',
      title: t.actions.palette,
      section: t.sections.app,
      keys: 'mod+k',
      bare: true,
      run: () => setDialog('palette'),
    },
    {
      id: 'app.search',
      title: t.actions.search,
      section: t.sections.app,
      keys: '/',
      bare: true,
      run: () => setDialog('palette'),
    },
    {
      id: 'app.keys',
      title: t.actions.keys,
      section: t.sections.app,
      keys: '?',
      run: () => setDialog('keys'),
    },
    { id: 'app.scheme', title: t.actions.scheme, section: t.sections.app, run: toggleColorScheme },
    {
      id: 'app.profile',
      title: t.pages.profile,
      section: t.sections.app,
      keys: 'g y',
      run: () => void navigate({ to: '/profile' }),
    },
    { id: 'app.sign-out', title: t.actions.signOut, section: t.sections.app, run: () => void signOut() },
  ]
  if (place) {
    actions.push({
      id: 'panel.close',
      title: t.actions.close,
      section: t.sections.here,
      keys: 'escape',
      bare: true,
      run: close,
    })
  }
  useActions(actions)
}

function useSignOut() {
  const client = useQueryClient()
  return async () => {
    await auth.signOut().catch(() => undefined)
    client.clear()
    client.setQueryData(SESSION_KEY, null)
  }
}

function PersonMenu({ session, onKeys }: { session: Session; onKeys: () => void }) {
  const signOut = useSignOut()
  const navigate = useNavigate()
  const { toggleColorScheme } = useMantineColorScheme()
  return (
    <Menu position="top-start" width={220}>
      <Menu.Target>
        <UnstyledButton className={css.person}>
          <IconUserCircle size={18} stroke={1.6} />
          <Text size="sm" truncate>
            {session.person.name}
          </Text>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{session.person.email}</Menu.Label>
        <Menu.Item onClick={() => void navigate({ to: '/profile' })}>{t.pages.profile}</Menu.Item>
        <Menu.Item onClick={onKeys}>{t.actions.keys}</Menu.Item>
        <Menu.Item onClick={toggleColorScheme}>{t.actions.scheme}</Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => void signOut()}>{t.actions.signOut}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
