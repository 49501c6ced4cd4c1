// One template: its words beside what they come to, what fills in by itself, and the versions that went before.
import { Button, Card, Group, Stack, Text, Textarea, TextInput, Title } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import type { Body, Item } from '../../api/client'
import { useAsk, useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { Part, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useActorName } from '../../components/useActorName'
import { useFields } from '../../components/useFields'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { changedLines } from './lines'
import { readVariables, writtenVariables } from './variables'
import { TemplatePreview, usePreview } from './TemplatePreview'
import css from './Templates.module.css'

export type Place = Pick<Item<'templates'>, 'name' | 'channel' | 'language' | 'about'>
type Content = NonNullable<Item<'template'>['draft']>
type Part_ = 'subject' | 'text' | 'html'

export function idOf({ name, channel, language }: Place): string {
  return `${name}.${channel}.${language}`
}

interface Props {
  place: Place
  /** Whether it was ever saved. */
  exists: boolean
  onClose: () => void
}

export function TemplateEditor({ place, exists, onClose }: Props) {
  const id = idOf(place)
  const found = useAsk('template', { id }, { enabled: exists })
  const letters = useAsk('template-letters', { name: place.name })
  if ((exists && found.isPending) || letters.isPending) return <Waiting />
  const kept = found.data?.item
  const ours = letters.data?.items[0]
  const start: Content = kept?.draft ??
    kept?.versions[0]?.content ?? { subject: ours?.subject ?? '', text: ours?.text ?? '' }
  const known = kept?.known ?? ours?.known ?? []
  return <Editor place={place} id={id} kept={kept} start={start} known={known} onClose={onClose} />
}

function typed(content: Content) {
  return {
    subject: content.subject ?? '',
    text: content.text,
    html: content.html ?? '',
    variables: writtenVariables(content.variables ?? []),
  }
}

interface EditorProps {
  place: Place
  id: string
  kept: Item<'template'> | undefined
  start: Content
  known: Item<'template'>['known']
  onClose: () => void
}

function Editor({ place, id, kept, start, known, onClose }: EditorProps) {
  const isMail = place.channel === 'email'
  const form = useFields(typed(start))
  const [last, setLast] = useState<Part_>('text')
  const inputs = useRef<Record<Part_, HTMLInputElement | HTMLTextAreaElement | null>>({
    subject: null,
    text: null,
    html: null,
  })
  const canWrite = useMay()('tenants:configure')
  const save = useCommand('save-template-draft', { said: t.templates.saved, quiet: true })
  const { subject, text, html } = form.values
  const draft: Body<'save-template-draft'> = {
    ...place,
    subject: isMail ? subject : null,
    text,
    html: isMail && html.trim() ? html : null,
    variables: readVariables(form.values.variables),
  }
  const preview = usePreview(draft)
  // What the server says of the words stands at the words, while they are being written.
  const problem = preview.error ?? form.problem
  const take = (content: Content) => form.set(typed(content))
  const put = (name: string) => {
    const input = inputs.current[last]
    const at = input?.selectionStart ?? form.values[last].length
    const before = form.values[last]
    form.set({ [last]: `${before.slice(0, at)}{{ ${name} }}${before.slice(input?.selectionEnd ?? at)}` })
    input?.focus()
  }
  const part = (name: Part_) => ({
    ...form.field(name),
    error: problem?.errors.find((error) => error.pointer === `/${name}`)?.message,
    readOnly: !canWrite,
    onFocus: () => setLast(name),
  })
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="xs">
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconArrowLeft size={16} />}
            onClick={onClose}
          >
            {t.templates.back}
          </Button>
          <Title order={2} size="h5">
            {humane(place.name)}, {humane(place.channel)}, {place.language}
          </Title>
        </Group>
        {canWrite && (
          <Group gap="xs">
            <Acts id={id} kept={kept} draft={draft} onTaken={take} />
            <Button
              size="compact-sm"
              loading={save.isPending}
              onClick={() => void form.submit(() => save.mutateAsync(draft))()}
            >
              {t.templates.save}
            </Button>
          </Group>
        )}
      </Group>
      <div className={css.columns}>
        <Stack gap="sm">
          {isMail && (
            <TextInput
              label={t.templates.subject}
              maxLength={200}
              ref={(input) => void (inputs.current.subject = input)}
              {...part('subject')}
            />
          )}
          <Textarea
            label={t.templates.text}
            className={css.source}
            autosize
            minRows={10}
            maxRows={24}
            ref={(input) => void (inputs.current.text = input)}
            {...part('text')}
          />
          {isMail && (
            <Textarea
              label={t.templates.html}
              description={t.templates.htmlHint}
              className={css.source}
              autosize
              minRows={3}
              maxRows={16}
              ref={(input) => void (inputs.current.html = input)}
              {...part('html')}
            />
          )}
          <Textarea
            label={t.templates.variables}
            description={t.templates.variablesHint}
            autosize
            minRows={2}
            readOnly={!canWrite}
            {...form.field('variables')}
          />
          <Refused problem={problem} />
          <Part title={t.templates.values}>
            <Text size="xs" c="dimmed" mb={6}>
              {t.templates.valuesHint}
            </Text>
            <Group gap={6}>
              {known.map((value) => (
                <Button
                  key={value.name}
                  size="compact-xs"
                  variant="default"
                  disabled={!canWrite}
                  title={`${value.meaning}${value.may_be_missing ? ` (${t.templates.mayBeMissing})` : ''}`}
                  onClick={() => put(value.name)}
                >
                  {value.name}
                </Button>
              ))}
            </Group>
          </Part>
        </Stack>
        <Stack gap="md">
          <TemplatePreview shown={preview.data} problem={preview.error} />
          <History kept={kept} canWrite={canWrite} onTaken={take} />
        </Stack>
      </div>
    </Stack>
  )
}

interface ActsProps {
  id: string
  kept: Item<'template'> | undefined
  draft: Body<'save-template-draft'>
  onTaken: (content: Content) => void
}

/** Publish, discard and retire, as far as there is something to do it to. */
function Acts({ id, kept, draft, onTaken }: ActsProps) {
  const save = useCommand('save-template-draft')
  const publish = useCommand('publish-template', { said: t.templates.published })
  const discard = useCommand('discard-template-draft', { said: t.templates.discarded })
  const retire = useCommand('retire-template', { said: t.templates.retired })
  const { confirm, dialog } = useConfirm()
  const inForce = kept?.versions[0]?.content
  return (
    <>
      {kept?.draft && (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() =>
            void discard.mutateAsync({ template_id: id }).then(() => inForce && onTaken(inForce))
          }
        >
          {t.templates.discard}
        </Button>
      )}
      {kept?.standing === 'published' && (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() =>
            confirm({
              title: t.templates.retire,
              body: t.templates.retireWhy,
              confirm: t.templates.retire,
              danger: true,
              run: () => retire.mutateAsync({ template_id: id }),
            })
          }
        >
          {t.templates.retire}
        </Button>
      )}
      <Button
        size="compact-sm"
        variant="light"
        onClick={() =>
          confirm({
            title: t.templates.publish,
            body: <Changes before={inForce} after={draft} />,
            confirm: t.templates.publish,
            // What is on the screen is what is published.
            run: async () => {
              await save.mutateAsync(draft)
              await publish.mutateAsync({ template_id: id })
            },
          })
        }
      >
        {t.templates.publish}
      </Button>
      {dialog}
    </>
  )
}

/** What publishing changes, beside what is sent now. */
function Changes({ before, after }: { before: Content | undefined; after: Body<'save-template-draft'> }) {
  const parts: Part_[] = ['subject', 'text', 'html']
  const changed = parts.filter((part) => (before?.[part] ?? '') !== (after[part] ?? ''))
  return (
    <Stack gap="sm">
      <Text size="sm">{before ? t.templates.publishWhy : t.templates.publishFirst}</Text>
      {changed.map((part) => (
        <div key={part}>
          <Text size="xs" fw={600}>
            {t.templates[part]}
          </Text>
          <pre className={css.diff}>
            {changedLines(before?.[part] ?? '', after[part] ?? '').map((line, index) => (
              <div key={index} className={line.kind === 'same' ? undefined : css[line.kind]}>
                {{ same: '  ', added: '+ ', removed: '− ' }[line.kind]}
                {line.text}
              </div>
            ))}
          </pre>
        </div>
      ))}
    </Stack>
  )
}

interface HistoryProps {
  kept: Item<'template'> | undefined
  canWrite: boolean
  onTaken: (content: Content) => void
}

function History({ kept, canWrite, onTaken }: HistoryProps) {
  const nameOf = useActorName()
  const versions = kept?.versions ?? []
  return (
    <Part title={t.templates.history}>
      {versions.length === 0 && (
        <Text size="sm" c="dimmed">
          {t.templates.noHistory}
        </Text>
      )}
      <Stack gap={6}>
        {versions.map((version) => (
          <Card withBorder padding="xs" key={version.version}>
            <Group justify="space-between">
              <Text size="sm">
                {t.templates.version(version.version)}, <When at={version.published_at} />{' '}
                {t.templates.by(nameOf(version.published_by))}
              </Text>
              {canWrite && (
                <Button size="compact-xs" variant="subtle" onClick={() => onTaken(version.content)}>
                  {t.templates.takeUp}
                </Button>
              )}
            </Group>
          </Card>
        ))}
      </Stack>
    </Part>
  )
}
