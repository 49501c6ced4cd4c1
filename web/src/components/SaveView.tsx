// Gives what a list shows now a name.
import { Button, Checkbox, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Item, Params } from '../api/client'
import { useCommand } from '../api/hooks'
import { t } from '../texts'
import { Refused } from './Refused'

interface Kept {
  query: NonNullable<Params<'views'>['query']>
  filters: Item<'views'>['filters']
  columns: string[]
  sort?: string
}

export function SaveView({
  body,
  mayShare,
  onClose,
}: {
  body: Kept
  mayShare: boolean
  onClose: () => void
}) {
  const [name, setName] = useState('')
  const [shared, setShared] = useState(false)
  const save = useCommand('save-view', { said: t.views.saved, quiet: true })
  return (
    <Modal opened onClose={onClose} title={t.views.save}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate({ ...body, name: name.trim(), shared }, { onSuccess: onClose })
        }}
      >
        <Stack>
          <TextInput
            data-autofocus
            required
            label={t.views.name}
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {mayShare && (
            <Checkbox
              label={t.views.shared}
              checked={shared}
              onChange={(event) => setShared(event.currentTarget.checked)}
            />
          )}
          {save.error && <Refused problem={save.error} />}
          <Group justify="flex-end">
            <Button type="submit" loading={save.isPending} disabled={!name.trim()}>
              {t.actions.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
