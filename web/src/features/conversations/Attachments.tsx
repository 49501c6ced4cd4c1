// What came with a message: pictures that we keep are shown, everything else is a link.
import { Anchor, Group, Text } from '@mantine/core'
import { IconPaperclip, IconPhone, IconPhoneOff } from '@tabler/icons-react'
import { number } from '../../components/format'
import { humane, t } from '../../texts'
import type { Thread } from './ThreadPane'
import css from './Inbox.module.css'

type Message = Thread['messages'][number]
type File = NonNullable<Message['attachments']>[number]

export function Attachments({ files }: { files: File[] }) {
  return (
    <Group gap={8} my={4}>
      {files.map((file) => {
        const name = file.name ?? humane(file.content_type.split('/')[0] ?? '')
        // The page's policy shows pictures of our own only.
        const isShown = file.url.startsWith('/files/') && file.content_type.startsWith('image/')
        return (
          <Anchor key={file.url} href={file.url} target="_blank" rel="noreferrer" size="xs">
            {isShown && <img src={file.url} alt={name} loading="lazy" className={css.picture} />}
            <Group gap={4} wrap="nowrap">
              <IconPaperclip size={13} aria-hidden />
              {name}
              {file.size_bytes != null && (
                <Text span size="xs" c="dimmed">
                  {t.suggestion.size(number(Math.max(1, Math.round(file.size_bytes / 1024))))}
                </Text>
              )}
            </Group>
          </Anchor>
        )
      })}
    </Group>
  )
}

export function Call({ outcome }: { outcome: string }) {
  const Icon = outcome === 'missed' ? IconPhoneOff : IconPhone
  return (
    <Group gap={5}>
      <Icon size={15} aria-hidden />
      <Text size="sm" fw={600}>
        {t.suggestion.call[outcome] ?? humane(outcome)}
      </Text>
    </Group>
  )
}
