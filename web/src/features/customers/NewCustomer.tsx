// Adds a customer by hand.
import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { usePanel } from '../../components/panel'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { t } from '../../texts'

export function NewCustomer() {
  const form = useFields({ first_name: '', last_name: '', email: '', phone: '', address: '' })
  const { open } = usePanel()
  const create = useCommand('create-lead', { said: t.customers.created, quiet: true })
  const send = form.submit(async () => {
    const { first_name, ...rest } = form.values
    const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value.trim()))
    const done = await create.mutateAsync({ source: 'admin', first_name, ...known })
    open('customer', done.aggregate_id)
  })
  return (
    <form onSubmit={(event) => void send(event)}>
      <Stack gap="sm">
        <Group grow>
          <TextInput label={t.customers.firstName} required autoFocus {...form.field('first_name')} />
          <TextInput label={t.customers.lastName} {...form.field('last_name')} />
        </Group>
        <TextInput type="email" label={t.customers.email} {...form.field('email')} />
        <TextInput type="tel" label={t.customers.phone} {...form.field('phone')} />
        <TextInput label={t.customers.address} {...form.field('address')} />
        <Refused problem={form.problem} />
        <Button type="submit" loading={form.busy}>
          {t.customers.create}
        </Button>
      </Stack>
    </form>
  )
}
