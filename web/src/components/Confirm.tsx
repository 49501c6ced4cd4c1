// Asks before what cannot be taken back, says what will happen, and takes the reason where there must be one.
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { useState } from 'react'
import { t } from '../texts'

export interface Question {
  title: string
  body: ReactNode
  confirm: string
  danger?: boolean
  /** Asks why; the answer is handed on. */
  reason?: boolean
  run: (reason: string) => Promise<unknown>
}

/** `ask` opens the dialog; `dialog` is to be drawn somewhere. */
export function useConfirm() {
  const [question, setQuestion] = useState<Question | null>(null)
  const dialog = question && <Dialog question={question} onClose={() => setQuestion(null)} />
  return { confirm: setQuestion, dialog }
}

function Dialog({ question, onClose }: { question: Question; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const run = async (event: React.FormEvent) => {
    event.preventDefault()
    setBusy(true)
    try {
      await question.run(reason.trim())
      onClose()
    } catch {
      // The refusal has been shown; the dialog stays for another try.
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={onClose} title={question.title} size="md">
      <form onSubmit={(event) => void run(event)}>
        <Stack>
          <Text size="sm" component="div">
            {question.body}
          </Text>
          {question.reason && (
            <TextInput
              data-autofocus
              label={t.reason}
              value={reason}
              maxLength={500}
              required
              onChange={(event) => setReason(event.currentTarget.value)}
            />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button
              type="submit"
              color={question.danger ? 'red' : undefined}
              loading={busy}
              disabled={question.reason && !reason.trim()}
            >
              {question.confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
