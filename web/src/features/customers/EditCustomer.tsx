// Corrects what is known of a customer; only what was changed is sent.
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { ask } from '../../api/client'
import { useCommand } from '../../api/hooks'
import { Conflict } from '../../components/Conflict'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { useVersions } from '../../components/useVersions'
import { t } from '../../texts'
import type { Customer360 } from './CustomerRecord'

const LABELS = {
  first_name: t.customers.firstName,
  last_name: t.customers.lastName,
  email: t.customers.email,
  phone: t.customers.phone,
  address: t.customers.address,
}
type Fields = Record<keyof typeof LABELS, string>
const NAMES = Object.keys(LABELS) as (keyof Fields)[]

function versionOf({ profile }: Customer360) {
  const fields = Object.fromEntries(NAMES.map((name) => [name, profile[name] ?? ''])) as Fields
  return { fields, sequence: profile.sequence }
}

export function EditCustomer({ record, onClose }: { record: Customer360; onClose: () => void }) {
  const id = record.customer_id
  const update = useCommand('update-customer', { said: t.customers.edited, quiet: true })
  const { base, theirs, send } = useVersions<Fields>(
    versionOf(record),
    async (fields, on) => {
      const changed = NAMES.filter((name) => fields[name] !== on.fields[name])
      if (changed.length === 0) return
      const change = Object.fromEntries(changed.map((name) => [name, fields[name].trim()]))
      await update.mutateAsync({ customer_id: id, ...change, $options: { ifMatch: on.sequence } })
    },
    async () => versionOf((await ask('customer-360', { id })).item),
  )
  const form = useFields(base.fields)
  const save = (fields: Fields) =>
    form.submit(async () => {
      if (await send(fields)) onClose()
    })
  return (
    <Modal opened onClose={onClose} title={t.customers.edit}>
      {theirs ? (
        <>
          <Conflict
            labels={LABELS}
            base={base.fields}
            mine={form.values}
            theirs={theirs.fields}
            busy={form.busy}
            onCancel={onClose}
            onSave={(fields) => void save(fields)()}
          />
          <Refused problem={form.problem} />
        </>
      ) : (
        <form onSubmit={(event) => void save(form.values)(event)}>
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
      )}
    </Modal>
  )
}
