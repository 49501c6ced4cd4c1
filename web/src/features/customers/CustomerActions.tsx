// What can be done with a customer: edit, book, write, merge, and taking a merge back.
import { Button, Group, Menu } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Body } from '../../api/client'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { usePanel } from '../../components/panel'
import { ActionButton } from '../../registry/ActionButton'
import { useActions } from '../../registry/actions'
import { humane, t } from '../../texts'
import type { Customer360 } from './CustomerRecord'
import { EditCustomer } from './EditCustomer'
import { MergeDialog } from './MergeDialog'

type Channel = Body<'start-thread'>['channel']

export function CustomerActions({ record }: { record: Customer360 }) {
  const [dialog, setDialog] = useState<'edit' | 'merge' | null>(null)
  const { confirm, dialog: question } = useConfirm()
  const { open } = usePanel()
  const may = useMay()
  const unmerge = useCommand('unmerge-customers', { said: t.customers.unmerged })
  const { customer_id } = record
  const section = t.panels.customer
  const last = record.merged.at(-1)
  const all = [
    {
      id: 'customer.book',
      title: t.customers.book,
      keys: 'b',
      needs: 'bookings:write',
      run: () => open('new-booking', customer_id),
    },
    {
      id: 'customer.edit',
      title: t.customers.edit,
      keys: 'e',
      needs: 'customers:write',
      run: () => setDialog('edit'),
    },
    {
      id: 'customer.merge',
      title: t.customers.merge,
      keys: 'm',
      needs: 'customers:merge',
      run: () => setDialog('merge'),
    },
    {
      id: 'customer.unmerge',
      title: t.customers.unmerge,
      needs: 'customers:merge',
      run: () =>
        last &&
        confirm({
          title: t.customers.unmerge,
          body: t.customers.unmergeBody,
          confirm: t.customers.unmerge,
          run: () => unmerge.mutateAsync({ survivor_id: customer_id, merged_id: last }),
        }),
    },
  ] as const
  const offered = all
    .filter((action) => may(action.needs) && (action.id !== 'customer.unmerge' || last))
    .map((action) => ({ ...action, section, run: () => void action.run() }))
  useActions(offered)
  return (
    <Group gap={6} my="xs">
      {offered.map((action) => (
        <ActionButton key={action.id} action={action} size="compact-sm" variant="default" />
      ))}
      {may('conversations:write') && <Write record={record} />}
      {question}
      {dialog === 'edit' && <EditCustomer record={record} onClose={() => setDialog(null)} />}
      {dialog === 'merge' && <MergeDialog record={record} onClose={() => setDialog(null)} />}
    </Group>
  )
}

/** Opens the thread on a channel that reaches this customer. */
function Write({ record }: { record: Customer360 }) {
  const start = useCommand('start-thread')
  const navigate = useNavigate()
  const { profile, customer_id } = record
  const channels: Channel[] = [
    ...(profile.phone ? (['sms', 'whatsapp'] as const) : []),
    ...(profile.email ? (['email'] as const) : []),
  ]
  if (channels.length === 0) return null
  const write = (channel: Channel) =>
    start.mutate(
      { customer_id, channel },
      {
        onSuccess: (done) =>
          void navigate({ to: '/inbox', search: { thread: done.aggregate_id, status: 'all' } }),
      },
    )
  return (
    <Menu>
      <Menu.Target>
        <Button size="compact-sm" variant="default">
          {t.customers.write}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {channels.map((channel) => (
          <Menu.Item key={channel} onClick={() => write(channel)}>
            {t.customers.writeBy(humane(channel))}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
