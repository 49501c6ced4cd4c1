// A template as whoever gets it would see it, while it is being written.
import { Alert, Card, SegmentedControl, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Body, Problem } from '../../api/client'
import { tryCommand } from '../../api/client'
import { Part } from '../../components/Page'
import { humane, t } from '../../texts'
import css from './Templates.module.css'

/** How long nothing is typed before the server is asked. */
const PAUSE_MS = 400

interface Shown {
  subject: string | null
  text: string
  html: string | null
  segments: { alphabet: string; units: number; segments: number } | null
}

export function usePreview(draft: Body<'save-template-draft'>) {
  const [settled] = useDebouncedValue(draft, PAUSE_MS)
  return useQuery<Shown, Problem>({
    queryKey: ['save-template-draft', settled],
    queryFn: async () => (await tryCommand('save-template-draft', settled)).result.preview as Shown,
    placeholderData: keepPreviousData,
    retry: false,
  })
}

export function TemplatePreview({ shown, problem }: { shown: Shown | undefined; problem: Problem | null }) {
  const [form, setForm] = useState('html')
  const isHtml = form === 'html' && shown?.html !== null
  return (
    <Part
      title={t.templates.preview}
      tools={
        shown?.html != null && (
          <SegmentedControl
            size="xs"
            aria-label={t.templates.preview}
            value={form}
            onChange={setForm}
            data={[
              { value: 'html', label: t.templates.previewHtml },
              { value: 'text', label: t.templates.previewText },
            ]}
          />
        )
      }
    >
      <Stack gap="xs">
        {problem && problem.status !== 422 && (
          <Alert color="red" py="xs" role="alert">
            {problem.detail}
          </Alert>
        )}
        {shown && (
          <Card withBorder padding={0} className={problem ? css.old : undefined}>
            {shown.subject !== null && (
              <Text fw={600} size="sm" px="sm" py="xs" className={css.subject} data-testid="preview-subject">
                {shown.subject}
              </Text>
            )}
            {isHtml ? (
              // Nothing in it may run, and nothing of it reaches the page.
              <iframe
                className={css.frame}
                title={t.templates.preview}
                sandbox=""
                srcDoc={shown.html ?? ''}
              />
            ) : (
              <Text size="sm" p="sm" className="lines" data-testid="preview-text">
                {shown.text}
              </Text>
            )}
          </Card>
        )}
        <Text size="xs" c="dimmed">
          {t.templates.previewHint}{' '}
          {shown?.segments &&
            t.templates.segments(
              shown.segments.segments,
              shown.segments.units,
              humane(shown.segments.alphabet),
            )}
        </Text>
      </Stack>
    </Part>
  )
}
