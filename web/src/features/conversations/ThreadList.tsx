// The threads that the filters leave, the newest first.
import { Badge, Button, Group, Select, Switch, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import {
  IconBrandWhatsapp,
  IconDeviceMobileMessage,
  IconMail,
  IconMessageCircle,
  IconPhone,
} from '@tabler/icons-react'
import type { ReactNode, Ref } from 'react'
import type { useList } from '../../api/hooks'
import { Empty, ProblemNote, Waiting } from '../../components/Page'
import { When } from '../../components/When'
import { t } from '../../texts'
import type { Channel, Search, ThreadRow } from './inboxParams'
import { CHANNEL_NAMES, CHANNELS, FILTERS } from './inboxParams'
import css from './Inbox.module.css'

const ICONS: Record<string, typeof IconMail> = {
  sms: IconDeviceMobileMessage,
  whatsapp: IconBrandWhatsapp,
  email: IconMail,
  web_chat: IconMessageCircle,
  phone: IconPhone,
}

interface Props {
  ref: Ref<HTMLDivElement>
  found: ReturnType<typeof useList<'inbox'>>
  filters: Search
  set: (change: Partial<Search>) => void
  /** The saved views. */
  views: ReactNode
}

export function ThreadList({ ref, found, filters, set, views }: Props) {
  const search = useDebouncedCallback(
    (text: string) => set({ search: text || undefined } as Partial<Search>),
    250,
  )
  return (
    <section className={css.list} aria-label={t.inbox.threads}>
      <div className={css.filters}>
        <Group gap={2}>
          {FILTERS.map((filter) => {
            const chosen = (filters.status ?? 'open') === filter
            return (
              <Button
                key={filter}
                size="compact-xs"
                variant={chosen ? 'light' : 'subtle'}
                color={chosen ? undefined : 'gray'}
                aria-pressed={chosen}
                onClick={() => set({ status: filter === 'open' ? undefined : filter } as Partial<Search>)}
              >
                {t.inbox.filters[filter]}
              </Button>
            )
          })}
        </Group>
        <TextInput
          size="xs"
          type="search"
          placeholder={t.inbox.search}
          aria-label={t.inbox.search}
          defaultValue={filters.search ?? ''}
          onChange={(event) => search(event.currentTarget.value)}
        />
        <Group justify="space-between" wrap="nowrap">
          <Select
            size="xs"
            w={140}
            clearable
            aria-label={t.inbox.channel}
            placeholder={t.inbox.anyChannel}
            value={filters.channel ?? null}
            data={CHANNELS.map((channel) => ({ value: channel, label: CHANNEL_NAMES[channel] ?? channel }))}
            onChange={(channel) =>
              set({ channel: (channel as Channel | null) ?? undefined } as Partial<Search>)
            }
          />
          <Switch
            size="xs"
            label={t.inbox.unread}
            checked={filters.unread === 'true'}
            onChange={(event) =>
              set({ unread: event.currentTarget.checked ? 'true' : undefined } as Partial<Search>)
            }
          />
          {views}
        </Group>
      </div>
      <div className={css.rows} ref={ref}>
        {found.problem && found.rows.length === 0 && (
          <ProblemNote problem={found.problem} onRetry={() => void found.refetch()} />
        )}
        {found.isPending && <Waiting />}
        {found.data && found.rows.length === 0 && <Empty title={t.inbox.emptyTitle} why={t.inbox.emptyWhy} />}
        {found.rows.map((row) => (
          <Row
            key={row.thread_id}
            row={row}
            open={row.thread_id === filters.thread}
            onOpen={() => set({ thread: row.thread_id })}
          />
        ))}
        {found.hasNextPage && (
          <Button
            variant="subtle"
            size="xs"
            fullWidth
            loading={found.isFetchingNextPage}
            onClick={() => void found.fetchNextPage()}
          >
            {t.actions.next}
          </Button>
        )}
      </div>
    </section>
  )
}

function Row({ row, open, onOpen }: { row: ThreadRow; open: boolean; onOpen: () => void }) {
  const Icon = ICONS[row.channel] ?? IconMessageCircle
  const unread = row.unread_count > 0
  return (
    <button type="button" className={css.row} aria-current={open} onClick={onOpen}>
      <Group justify="space-between" wrap="nowrap" gap={6}>
        <Group gap={6} wrap="nowrap" miw={0}>
          <Icon size={14} aria-label={CHANNEL_NAMES[row.channel]} className={css.icon} />
          <Text size="sm" fw={unread ? 700 : 500} truncate>
            {row.customer_name || row.address || t.unknownName}
          </Text>
        </Group>
        {row.last_message_at && <When at={row.last_message_at} relative size="xs" />}
      </Group>
      <Group justify="space-between" wrap="nowrap" gap={6}>
        <Text size="xs" c={unread ? undefined : 'dimmed'} truncate>
          {row.last_direction === 'out' ? '↩ ' : ''}
          {row.last_message ?? row.subject ?? ''}
        </Text>
        {unread && (
          <Badge size="xs" circle aria-label={t.inbox.unreadCount(row.unread_count)}>
            {row.unread_count}
          </Badge>
        )}
      </Group>
    </button>
  )
}
