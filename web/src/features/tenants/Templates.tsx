// Letters and texts in the business's own words: which there are, and the way to each.
import { Badge, Button, Card, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Item } from '../../api/client'
import { useAsk, useList } from '../../api/hooks'
import { useMay } from '../../api/session'
import { Part, ProblemNote, Waiting } from '../../components/Page'
import { useFields } from '../../components/useFields'
import { humane, t } from '../../texts'
import type { Place } from './TemplateEditor'
import { TemplateEditor, idOf } from './TemplateEditor'

type Row = Item<'templates'>
const CHANNELS: Place['channel'][] = ['email', 'sms', 'whatsapp']

export function Templates() {
  const letters = useAsk('template-letters', {})
  const { rows, problem, isPending, refetch } = useList('templates', {})
  const [open, setOpen] = useState<Place | null>(null)
  const [adding, setAdding] = useState(false)
  const canWrite = useMay()('tenants:configure')
  if (open) {
    const exists = rows.some((row) => row.template_id === idOf(open))
    return <TemplateEditor place={open} exists={exists} onClose={() => setOpen(null)} />
  }
  if (problem) return <ProblemNote problem={problem} onRetry={() => void refetch()} />
  if (isPending || !letters.data) return <Waiting />
  const product = letters.data.items
  const own = rows.filter((row) => !product.some((letter) => letter.name === row.name))
  return (
    <Stack maw={720}>
      <Text size="sm" c="dimmed">
        {t.templates.why}
      </Text>
      {product.map((letter) => {
        const written = rows.filter((row) => row.name === letter.name)
        const missing = letter.channels.filter((channel) => !written.some((row) => row.channel === channel))
        return (
          <Card withBorder padding="sm" key={letter.name}>
            <Text fw={600} size="sm">
              {humane(letter.name)}
            </Text>
            <Text size="xs" c="dimmed" mb={6}>
              {letter.when}
            </Text>
            <Stack gap={6}>
              {written.map((row) => (
                <Line row={row} key={row.template_id} onOpen={() => setOpen(placeOf(row))} />
              ))}
              {missing.map((channel) => (
                <Group justify="space-between" key={channel}>
                  <Group gap={6}>
                    <Text size="sm">{humane(channel)}</Text>
                    <Badge size="sm" variant="default" className="status">
                      {t.templates.ours}
                    </Badge>
                  </Group>
                  {canWrite && (
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={`${t.templates.edit}: ${humane(letter.name)}, ${humane(channel)}`}
                      onClick={() =>
                        setOpen({ name: letter.name, channel, language: 'en', about: 'booking' })
                      }
                    >
                      {t.templates.edit}
                    </Button>
                  )}
                </Group>
              ))}
            </Stack>
          </Card>
        )
      })}
      {own.length > 0 && (
        <Part title={t.templates.own}>
          <Stack gap={6}>
            {own.map((row) => (
              <Line row={row} named key={row.template_id} onOpen={() => setOpen(placeOf(row))} />
            ))}
          </Stack>
        </Part>
      )}
      {canWrite && (
        <Group>
          <Button size="xs" variant="default" onClick={() => setAdding(true)}>
            {t.templates.add}
          </Button>
        </Group>
      )}
      {adding && (
        <NewTemplate
          onClose={() => setAdding(false)}
          onMade={(place) => {
            setAdding(false)
            setOpen(place)
          }}
        />
      )}
    </Stack>
  )
}

function placeOf({ name, channel, language, about }: Row): Place {
  return { name, channel, language, about }
}

function Line({ row, named, onOpen }: { row: Row; named?: boolean; onOpen: () => void }) {
  const said = `${named ? `${humane(row.name)}, ` : ''}${humane(row.channel)}, ${row.language}`
  return (
    <Group justify="space-between">
      <Group gap={6}>
        <Text size="sm">{said}</Text>
        {row.standing === 'published' && row.version != null && (
          <Badge size="sm" variant="light" color="teal" className="status">
            {t.templates.version(row.version)}
          </Badge>
        )}
        {row.standing === 'retired' && (
          <Badge size="sm" variant="default" className="status">
            {t.templates.retired}
          </Badge>
        )}
        {row.has_draft && (
          <Badge size="sm" variant="light" color="yellow" className="status">
            {t.templates.changed}
          </Badge>
        )}
      </Group>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`${t.templates.edit}: ${humane(row.name)}, ${humane(row.channel)}, ${row.language}`}
        onClick={onOpen}
      >
        {t.templates.edit}
      </Button>
    </Group>
  )
}

function NewTemplate({ onClose, onMade }: { onClose: () => void; onMade: (place: Place) => void }) {
  const form = useFields({ name: '', channel: 'sms', language: 'en', about: 'customer' })
  const { name, channel, language, about } = form.values
  const make = (event: React.FormEvent) => {
    event.preventDefault()
    const chosen = CHANNELS.find((one) => one === channel) ?? 'sms'
    onMade({
      name: name.trim(),
      channel: chosen,
      language: language.trim(),
      about: about === 'booking' ? 'booking' : 'customer',
    })
  }
  return (
    <Modal opened onClose={onClose} title={t.templates.add}>
      <form onSubmit={make}>
        <Stack gap="sm">
          <TextInput
            label={t.templates.name}
            description={t.templates.nameHint}
            required
            pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
            maxLength={32}
            {...form.field('name')}
          />
          <NativeSelect
            label={t.templates.channel}
            data={CHANNELS.map((value) => ({ value, label: humane(value) }))}
            {...form.field('channel')}
          />
          <TextInput
            label={t.templates.language}
            description={t.templates.languageHint}
            required
            {...form.field('language')}
          />
          <NativeSelect
            label={t.templates.about}
            data={['customer', 'booking'].map((value) => ({ value, label: humane(value) }))}
            {...form.field('about')}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.close}
            </Button>
            <Button type="submit">{t.templates.edit}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
