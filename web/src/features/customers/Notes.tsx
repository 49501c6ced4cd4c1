// What the team has written down about a customer.
import { Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { Part } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { When } from '../../components/When'
import { t } from '../../texts'
import type { Customer360 } from './CustomerRecord'

export function Notes({ record, past }: { record: Customer360; past: boolean }) {
  const form = useFields({ text: '' })
  const add = useCommand('add-note', { said: t.customers.noted, quiet: true })
  const canWrite = useMay()('customers:write') && !past
  const send = form.submit(async () => {
    await add.mutateAsync({ customer_id: record.customer_id, text: form.values.text.trim() })
    form.set({ text: '' })
  })
  return (
    <Part title={t.customers.notes}>
      <Stack gap="xs">
        {canWrite && (
          <form onSubmit={(event) => void send(event)}>
            <Stack gap={6}>
              <Textarea
                size="xs"
                autosize
                minRows={1}
                aria-label={t.customers.addNote}
                placeholder={t.customers.addNote}
                {...form.field('text')}
              />
              <Refused problem={form.problem} />
              {form.values.text.trim() && (
                <Group justify="space-between">
                  <Text size="xs" c="dimmed">
                    {t.customers.noteHint}
                  </Text>
                  <Button type="submit" size="compact-xs" loading={form.busy}>
                    {t.actions.save}
                  </Button>
                </Group>
              )}
            </Stack>
          </form>
        )}
        {record.notes.map((note) => (
          <div key={note.note_id}>
            <Text size="sm" className="lines">
              {note.text ?? t.inbox.hidden}
            </Text>
            <When at={note.noted_at} relative size="xs" />
          </div>
        ))}
      </Stack>
    </Part>
  )
}
