// The form that asks for the second factor again.
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { auth } from '../api/session'
import { Refused } from '../components/Refused'
import { useFields } from '../components/useFields'
import { t } from '../texts'

export function FactorForm({ onDone }: { onDone: (given: boolean) => void }) {
  const form = useFields({ code: '' })
  const send = form.submit(async () => {
    await auth.secondFactor(form.values.code.trim())
    onDone(true)
  })
  return (
    <Modal opened onClose={() => onDone(false)} title={t.signIn.codeTitle} zIndex={400}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          <Text size="sm">{t.signIn.freshWhy}</Text>
          <TextInput
            label={t.signIn.code}
            required
            data-autofocus
            autoComplete="one-time-code"
            {...form.field('code')}
          />
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={() => onDone(false)}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" loading={form.busy}>
              {t.signIn.codeGo}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
