// Prepared replies.
import { Button, Card, Group, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { Empty } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { useTenant } from '../../components/useTenant'
import { humane, t } from '../../texts'

export function Replies() {
  const replies = Object.entries(useTenant().tenant?.canned_replies ?? {})
  const form = useFields({ name: '', text: '' })
  const define = useCommand('define-canned-reply', { said: t.settings.replySaved, quiet: true })
  const remove = useCommand('remove-canned-reply', { said: t.settings.replyRemoved })
  const { confirm, dialog } = useConfirm()
  const canWrite = useMay()('tenants:configure')
  const send = form.submit(async () => {
    await define.mutateAsync({ name: form.values.name.trim(), text: form.values.text.trim() })
    form.set({ name: '', text: '' })
  })
  return (
    <Stack maw={720}>
      {replies.length === 0 && <Empty title={t.settings.emptyReplies} why={t.settings.emptyRepliesWhy} />}
      {replies.map(([name, reply]) => (
        <Card withBorder padding="sm" key={name}>
          <Group justify="space-between">
            <Text fw={600} size="sm">
              {humane(name)}
            </Text>
            {canWrite && (
              <Group gap={6}>
                <Button
                  size="compact-xs"
                  variant="default"
                  onClick={() => form.set({ name, text: reply.text })}
                >
                  {t.bookings.edit}
                </Button>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="red"
                  onClick={() =>
                    confirm({
                      title: t.actions.remove,
                      body: humane(name),
                      confirm: t.actions.remove,
                      danger: true,
                      run: () => remove.mutateAsync({ name }),
                    })
                  }
                >
                  {t.actions.remove}
                </Button>
              </Group>
            )}
          </Group>
          <Text size="sm" className="lines">
            {reply.text}
          </Text>
        </Card>
      ))}
      {canWrite && (
        <form onSubmit={(event) => void send(event)}>
          <Stack gap="sm">
            <TextInput
              label={t.settings.replyName}
              description={t.settings.replyHint}
              required
              {...form.field('name')}
            />
            <Textarea label={t.settings.replyText} autosize minRows={3} required {...form.field('text')} />
            <Refused problem={form.problem} />
            <Group>
              <Button type="submit" size="xs" loading={form.busy}>
                {t.settings.addReply}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
      {dialog}
    </Stack>
  )
}
