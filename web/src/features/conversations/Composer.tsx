// Writes an answer or a note. Nothing empty goes out, and nobody talks over a colleague unseen.
import { Alert, Button, Group, Menu, SegmentedControl, Text, Textarea } from '@mantine/core'
import { useRef, useState } from 'react'
import { useCommand } from '../../api/hooks'
import { useSession } from '../../api/session'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { useTenant } from '../../components/useTenant'
import { useActions } from '../../registry/actions'
import { humane, t } from '../../texts'
import { CHANNEL_NAMES } from './inboxParams'
import type { Suggested } from './Suggestion'
import type { Thread } from './ThreadPane'
import css from './Inbox.module.css'

interface Props {
  thread: Thread
  newest: string | undefined
  /** The suggestion that is changed here before it is sent. */
  suggestion: Suggested | null
  onDrop: () => void
}

export function Composer({ thread, newest, suggestion, onDrop }: Props) {
  const { thread_id } = thread
  const [mode, setMode] = useState<'reply' | 'note'>('reply')
  const [seen, setSeen] = useState(newest)
  const form = useFields({ text: suggestion?.content ?? '' })
  const box = useRef<HTMLTextAreaElement>(null)
  const me = useSession().data?.person
  const send = useCommand('send-message', { quiet: true })
  const note = useCommand('add-thread-note', { said: t.inbox.noted, quiet: true })
  const accept = useCommand('accept-suggestion', { quiet: true })
  const text = form.values.text.trim()
  // One that is settled or overtaken meanwhile is sent as words of one's own.
  const isCurrent = suggestion !== null && thread.suggestion?.run_id === suggestion.run_id
  const blocked = mode === 'reply' && thread.opted_out
  // Once told that a colleague has written, one has read it.
  const basis = form.problem?.code === 'reply-collision' ? newest : seen
  const write = (sender: 'human' | 'ai') =>
    form.submit(async () => {
      if (!text || blocked) return
      if (mode === 'note') await note.mutateAsync({ thread_id, text })
      else if (isCurrent) {
        await accept.mutateAsync({
          suggestion_id: thread.suggestion?.run_id ?? '',
          content: text,
          sender_type: sender,
          ...(sender === 'human' && { sender_id: me?.id ?? '' }),
        })
      } else {
        await send.mutateAsync({
          thread_id,
          content: text,
          sender_type: sender,
          sender_id: sender === 'ai' ? 'ai_system' : (me?.id ?? ''),
          // Refused when a colleague has answered since this was begun.
          ...(basis && { after_message_id: basis }),
        })
      }
      form.set({ text: '' })
      onDrop()
    })
  const focus = (next: 'reply' | 'note') => {
    setMode(next)
    box.current?.focus()
  }
  useActions([
    {
      id: 'thread.reply',
      title: t.inbox.reply,
      keys: 'r',
      section: t.sections.here,
      run: () => focus('reply'),
    },
    { id: 'thread.note', title: t.inbox.note, keys: 'n', section: t.sections.here, run: () => focus('note') },
  ])
  const label =
    mode === 'note' ? t.inbox.noteFor : t.inbox.replyBy(CHANNEL_NAMES[thread.channel] ?? thread.channel)
  return (
    <form className={css.composer} data-mode={mode} onSubmit={(event) => void write('human')(event)}>
      {blocked && (
        <Alert color="orange" py={6}>
          {t.inbox.optedOut}
        </Alert>
      )}
      {suggestion && (
        <Group justify="space-between" gap={6}>
          <Text size="xs">{t.suggestion.editing}</Text>
          <Button size="compact-xs" variant="subtle" onClick={onDrop}>
            {t.suggestion.drop}
          </Button>
        </Group>
      )}
      <Textarea
        ref={box}
        autoFocus={suggestion !== null}
        aria-label={label}
        placeholder={label}
        autosize
        minRows={2}
        maxRows={8}
        {...form.field('text', '/content')}
        onChange={(event) => {
          // What one has on screen when one begins to write is what one answers to.
          if (!text) setSeen(newest)
          form.set({ text: event.currentTarget.value })
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void write('human')(event)
          else if (event.key === 'Escape') event.currentTarget.blur()
        }}
      />
      <Refused problem={form.problem} />
      {form.problem?.code === 'reply-collision' && <Text size="xs">{t.suggestion.collision}</Text>}
      <Group justify="space-between" gap={6}>
        <Group gap={6}>
          <SegmentedControl
            size="xs"
            value={mode}
            aria-label={t.inbox.reply}
            onChange={(next) => setMode(next === 'note' ? 'note' : 'reply')}
            data={[
              { value: 'reply', label: t.inbox.reply },
              { value: 'note', label: t.inbox.note },
            ]}
          />
          <Canned onChoose={(words) => form.set({ text: words })} />
        </Group>
        <Group gap={6}>
          {mode === 'reply' && (
            <Button
              size="xs"
              variant="default"
              disabled={!text || blocked || form.busy}
              onClick={() => void write('ai')()}
            >
              {t.inbox.sendAsAi}
            </Button>
          )}
          <Button size="xs" type="submit" disabled={!text || blocked} loading={form.busy}>
            {mode === 'reply' ? t.inbox.sendAsMe : t.inbox.saveNote}
          </Button>
        </Group>
      </Group>
    </form>
  )
}

function Canned({ onChoose }: { onChoose: (text: string) => void }) {
  const replies = Object.entries(useTenant().tenant?.canned_replies ?? {})
  return (
    <Menu position="top-start" width={280}>
      <Menu.Target>
        <Button size="xs" variant="default">
          {t.inbox.canned}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={320} className={css.scrolls}>
        {replies.length === 0 && <Menu.Label>{t.inbox.noCanned}</Menu.Label>}
        {replies.map(([name, reply]) => (
          <Menu.Item key={name} onClick={() => onChoose(reply.text)}>
            {humane(name)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
