// Corrects what is known of a customer; only what was changed is sent.
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { t } from '../../texts'
import type { Customer360 } from './CustomerRecord'

export function EditCustomer({ record, onClose }: { record: Customer360; onClose: () => void }) {
  const { profile } = record
  const before = {
    first_name: profile.first_name,
    last_name: profile.last_name,
    email: profile.email ?? '',
    phone: profile.phone ?? '',
    address: profile.address ?? '',
  }
  const form = useFields(before)
  const update = useCommand('update-customer', { said: t.customers.edited, quiet: true })
  const send = form.submit(async () => {
    const names = Object.keys(before) as (keyof typeof before)[]
    const changed = names.filter((name) => form.values[name] !== before[name])
    if (changed.length > 0) {
      const change = Object.fromEntries(changed.map((name) => [name, form.values[name].trim()]))
      await update.mutateAsync({
        customer_id: record.customer_id,
        ...change,
        $options: { ifMatch: profile.sequence },
      })
    }
    onClose()
  })
  return (
    <Modal opened onClose={onClose} title={t.customers.edit}>
      <form onSubmit={(event) => void send(event)}>
        <Stack gap="sm">
          <Group grow>
            <TextInput label={t.customers.firstName} {...form.field('first_name')} />
            <TextInput label={t.customers.lastName} {...form.field('last_name')} />
          </Group>
          <TextInput type="email" label={t.customers.email} {...form.field('email')} />
          <TextInput type="tel" label={t.customers.phone} {...form.field('phone')} />
          <TextInput label={t.customers.address} {...form.field('address')} />
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" loading={form.busy}>
              {t.actions.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
