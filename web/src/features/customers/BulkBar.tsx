// What can be done to many customers at once, and an honest word on each that it was not done to.
import { Alert, Button, Group, List, Paper, Popover, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Params } from '../../api/client'
import { Problem, query } from '../../api/client'
import { showProblem, useAsk } from '../../api/hooks'
import type { Went } from '../../api/many'
import { MOST_AT_ONCE, sendForFew, startRun } from '../../api/many'
import { refresh } from '../../api/refresh'
import { BulkProgress } from '../../components/BulkProgress'
import { useConfirm } from '../../components/Confirm'
import { number } from '../../components/format'
import { t } from '../../texts'
import { exportCsv, exportCsvs } from './exportCsv'

interface Props {
  ids: ReadonlySet<string>
  /** Whether there are more that match than have been loaded. */
  hasMore: boolean
  filter: Omit<Params<'customers'>, 'cursor'>
  onClear: () => void
}

interface Order {
  command: string
  body: Record<string, unknown>
}

/** The most rows of one answer. */
const PAGE = 200

/** Ids as the list takes them, as many at a time as fit a page. */
function inPages(ids: string[]): string[] {
  const pages: string[] = []
  for (let first = 0; first < ids.length; first += PAGE) pages.push(ids.slice(first, first + PAGE).join(','))
  return pages
}

/** Failures that are told one by one. */
const TOLD = 20

export function BulkBar({ ids, hasMore, filter, onClear }: Props) {
  const client = useQueryClient()
  const { confirm, dialog } = useConfirm()
  const [everybody, setEverybody] = useState(false)
  const [order, setOrder] = useState<Order | null>(null)
  const [busy, setBusy] = useState(false)
  const [went, setWent] = useState<Went | null>(null)
  const [runId, setRunId] = useState<string | null>(null)
  if (ids.size === 0 && !went && !runId) return null

  const run = async (next: Order, whom: { ids: string[] } | { filter: object }) => {
    setOrder(next)
    setBusy(true)
    setWent(null)
    setRunId(null)
    try {
      if ('ids' in whom && whom.ids.length <= MOST_AT_ONCE) setWent(await sendForFew({ ...next, ...whom }))
      else setRunId(await startRun(next, whom))
    } catch (error) {
      if (error instanceof Problem) showProblem(error)
    }
    setBusy(false)
    await refresh(client)
  }
  const begin = (next: Order) => {
    if (!everybody) return void run(next, { ids: [...ids] })
    confirm({
      title: t.bulk.sure,
      body: t.bulk.sureWhy,
      confirm: t.bulk.go,
      run: () => {
        void run(next, { filter })
        return Promise.resolve()
      },
    })
  }
  const again = went?.failed.map((failed) => failed.id) ?? []
  return (
    <Paper withBorder p="xs" role="region" aria-label={t.bulk.label}>
      <Group gap="xs">
        <Text size="sm" fw={600}>
          {everybody ? t.bulk.everybody : t.bulk.selected(number(ids.size))}
        </Text>
        {hasMore && !everybody && (
          <Button size="compact-xs" variant="subtle" onClick={() => setEverybody(true)}>
            {t.bulk.allMatching}
          </Button>
        )}
        <TagButton
          label={t.bulk.tag}
          busy={busy}
          onTag={(tag) => begin({ command: 'tag-customer', body: { tag } })}
        />
        <TagButton
          label={t.bulk.untag}
          busy={busy}
          onTag={(tag) => begin({ command: 'untag-customer', body: { tag } })}
        />
        <Button
          size="xs"
          variant="default"
          disabled={busy}
          onClick={() => begin({ command: 'archive-customer', body: {} })}
        >
          {t.bulk.archive}
        </Button>
        <Button
          size="xs"
          variant="default"
          onClick={() =>
            void (everybody
              ? exportCsv(`/queries/customers${query({ ...filter, limit: PAGE })}`, 'customers.csv')
              : exportCsvs(
                  inPages([...ids]).map((page) => `/queries/customers${query({ ids: page, limit: PAGE })}`),
                  'customers.csv',
                ))
          }
        >
          {t.bulk.export}
        </Button>
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          disabled={busy}
          onClick={() => {
            setEverybody(false)
            setWent(null)
            setRunId(null)
            onClear()
          }}
        >
          {t.bulk.clear}
        </Button>
      </Group>
      {went && (
        <Text size="sm" role="status" mt={4}>
          {t.bulk.done(number(went.done), number(went.skipped))}
        </Text>
      )}
      {went && went.failed.length > 0 && (
        <Alert color="red" mt="xs" title={t.bulk.failed(number(went.failed.length))}>
          <Stack gap="xs" align="flex-start">
            <List size="sm">
              {went.failed.slice(0, TOLD).map((failed) => (
                <List.Item key={failed.id}>
                  {failed.detail} ({failed.code})
                </List.Item>
              ))}
            </List>
            {order && (
              <Button
                size="xs"
                variant="default"
                disabled={busy}
                onClick={() => void run(order, { ids: again })}
              >
                {t.bulk.retry}
              </Button>
            )}
          </Stack>
        </Alert>
      )}
      {runId && <Run id={runId} />}
      {dialog}
    </Paper>
  )
}

/** How far it is in the background; the page may be left meanwhile. */
function Run({ id }: { id: string }) {
  const run = useAsk('bulk-run', { id }).data?.item
  if (!run) return null
  return (
    <Stack gap={4} mt="xs">
      <BulkProgress run={run} />
      <Link to="/customers/runs/{-$id}" params={{ id }}>
        <Text size="sm" span>
          {t.bulkRuns.show}
        </Text>
      </Link>
    </Stack>
  )
}

function TagButton({ label, busy, onTag }: { label: string; busy: boolean; onTag: (tag: string) => void }) {
  const [opened, setOpened] = useState(false)
  const [tag, setTag] = useState('')
  return (
    <Popover opened={opened} onChange={setOpened} withinPortal trapFocus position="bottom-start">
      <Popover.Target>
        <Button size="xs" variant="default" disabled={busy} onClick={() => setOpened(!opened)}>
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            setOpened(false)
            onTag(tag.trim())
          }}
        >
          <Group gap="xs">
            <TextInput
              data-autofocus
              size="xs"
              required
              maxLength={64}
              aria-label={t.bulk.tagName}
              placeholder={t.bulk.tagName}
              value={tag}
              onChange={(event) => setTag(event.currentTarget.value)}
            />
            <Button size="xs" type="submit" disabled={!tag.trim()}>
              {label}
            </Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}
