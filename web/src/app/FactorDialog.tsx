// Asks for the second factor again where an act wants it fresh; the act then goes on by itself.
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { whenFactorNeeded } from '../api/client'
import { auth } from '../api/session'
import { Refused } from '../components/Refused'
import { useFields } from '../components/useFields'
import { t } from '../texts'

type Answer = (given: boolean) => void

export function FactorDialog() {
  const [answer, setAnswer] = useState<{ give: Answer } | null>(null)
  useEffect(() => {
    whenFactorNeeded(() => new Promise<boolean>((give) => setAnswer({ give })))
    return () => whenFactorNeeded(() => Promise.resolve(false))
  }, [])
  if (!answer) return null
  const finish = (given: boolean) => {
    answer.give(given)
    setAnswer(null)
  }
  return <Dialog onDone={finish} />
}

function Dialog({ onDone }: { onDone: Answer }) {
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
