// The schedule: chefs by days and times. A booking is dragged, or picked up and put down with the keyboard.
import { ActionIcon, Button, Group, SegmentedControl, Select, Text } from '@mantine/core'
import { IconChevronLeft, IconChevronRight, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useList } from '../../api/hooks'
import { useMay } from '../../api/session'
import { day, monday, plusDays, today } from '../../components/format'
import { Empty, Page, ProblemNote, Waiting } from '../../components/Page'
import { useFilters } from '../../components/useFilters'
import { useTenant } from '../../components/useTenant'
import { ActionButton } from '../../registry/ActionButton'
import { useActions } from '../../registry/actions'
import { humane, t } from '../../texts'
import { Board } from './Board'
import { ChefDialog } from './ChefDialog'

interface Search {
  from?: string
  span?: string
  zone?: string
}

export function SchedulePage() {
  const { filters, set } = useFilters<Search>()
  const { settings } = useTenant()
  const [chef, setChef] = useState<string | null>(null)
  const may = useMay()
  const now = today(settings?.time_zone)
  const days = filters.span === 'day' ? 1 : 7
  const from = days === 1 ? (filters.from ?? now) : monday(filters.from ?? now)
  const to = plusDays(from, days - 1)
  const found = useList('schedule-board', {
    from,
    to,
    ...(filters.zone && { zone: filters.zone }),
    limit: 200,
  })
  const go = (date: string | undefined) => set({ from: date } as Partial<Search>)
  const section = t.sections.here
  const add = {
    id: 'chefs.add',
    title: t.schedule.addChef,
    keys: 'n',
    section: t.sections.create,
    run: () => setChef(''),
  }
  useActions([
    {
      id: 'schedule.previous',
      title: t.actions.previous,
      keys: '[',
      section,
      run: () => go(plusDays(from, -days)),
    },
    { id: 'schedule.next', title: t.actions.next, keys: ']', section, run: () => go(plusDays(from, days)) },
    { id: 'schedule.today', title: t.schedule.today, keys: 't', section, run: () => go(undefined) },
    {
      id: 'schedule.span',
      title: days === 1 ? t.schedule.week : t.schedule.day,
      keys: 'v',
      section,
      run: () => set({ span: days === 1 ? undefined : 'day' } as Partial<Search>),
    },
    ...(may('chefs:write') ? [add] : []),
  ])
  return (
    <Page
      title={days === 1 ? day(from, 'long') : `${day(from)} – ${day(to)}`}
      fixed
      tools={
        <>
          <Group gap={4}>
            <ActionIcon
              variant="default"
              aria-label={t.actions.previous}
              onClick={() => go(plusDays(from, -days))}
            >
              <IconChevronLeft size={16} />
            </ActionIcon>
            <Button size="xs" variant="default" onClick={() => go(undefined)}>
              {t.schedule.today}
            </Button>
            <ActionIcon
              variant="default"
              aria-label={t.actions.next}
              onClick={() => go(plusDays(from, days))}
            >
              <IconChevronRight size={16} />
            </ActionIcon>
          </Group>
          <SegmentedControl
            size="xs"
            aria-label={t.schedule.week}
            value={days === 1 ? 'day' : 'week'}
            onChange={(span) => set({ span: span === 'day' ? 'day' : undefined } as Partial<Search>)}
            data={[
              { value: 'week', label: t.schedule.week },
              { value: 'day', label: t.schedule.day },
            ]}
          />
          <Select
            size="xs"
            w={150}
            clearable
            aria-label={t.bookings.zone}
            placeholder={t.schedule.allZones}
            value={filters.zone ?? null}
            data={(settings?.zones ?? []).map(({ zone }) => ({ value: zone, label: humane(zone) }))}
            onChange={(zone) => set({ zone: zone ?? undefined } as Partial<Search>)}
          />
          {may('chefs:write') && <ActionButton action={add} icon={<IconPlus size={14} />} />}
        </>
      }
    >
      {found.problem && found.rows.length === 0 && (
        <ProblemNote problem={found.problem} onRetry={() => void found.refetch()} />
      )}
      {found.isPending && <Waiting />}
      {found.data && found.rows.length === 0 && (
        <Empty title={t.schedule.emptyTitle} why={t.schedule.emptyWhy} />
      )}
      {found.rows.length > 0 && (
        <>
          <Text size="xs" c="dimmed" mb={6} visibleFrom="sm">
            {t.schedule.drag}
          </Text>
          <Board chefs={found.rows} today={now} onChef={may('chefs:write') ? setChef : undefined} />
        </>
      )}
      {chef !== null && <ChefDialog id={chef} onClose={() => setChef(null)} />}
    </Page>
  )
}
