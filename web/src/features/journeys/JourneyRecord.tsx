// One journey: its versions as they were written, in force or not, and those on their way through it.
import { Button, Group, NativeSelect, Stack, Text, Textarea } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Item, Problem } from '../../api/client'
import { useAsk, useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { Page, Part, ProblemNote, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { Status } from '../../components/Status'
import { t } from '../../texts'
import { FIRST_JOURNEY } from '../../texts/journeys'
import { Runs } from './Runs'

type Journey = Item<'journey'>

export function JourneyRecord({ id }: { id: string | null }) {
  const navigate = useNavigate()
  const found = useAsk('journey', { id: id ?? '' }, { enabled: id !== null })
  const item = found.data?.item
  const back = (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconArrowLeft size={14} />}
      onClick={() => void navigate({ to: '/journeys/{-$id}', params: { id: undefined } })}
    >
      {t.journeys.back}
    </Button>
  )
  return (
    <Page title={id ?? t.journeys.add} tools={back}>
      {found.error ? (
        <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
      ) : id !== null && !item ? (
        <Waiting />
      ) : (
        <Stack gap="lg">
          {item && <Standing item={item} />}
          <Definition key={item?.version ?? 0} item={item} />
          {item && <Runs journey={item.journey} />}
        </Stack>
      )}
    </Page>
  )
}

function Standing({ item }: { item: Journey }) {
  const canWrite = useMay()('tenants:configure')
  const { confirm, dialog } = useConfirm()
  const enable = useCommand('enable-journey', { said: t.journeys.enabled })
  const disable = useCommand('disable-journey', { said: t.journeys.disabled })
  const question = {
    title: t.journeys.disableTitle,
    body: t.journeys.disableWhy,
    confirm: t.journeys.disable,
    danger: true,
    run: () => disable.mutateAsync({ journey: item.journey }),
  }
  const isNewest = item.enabled_version === item.version
  return (
    <Group justify="space-between">
      <Group gap="sm" role="status">
        <Status value={item.standing} />
        <Text size="sm">
          {item.enabled_version ? t.journeys.enabledVersion(item.enabled_version) : t.journeys.enabledNone}
        </Text>
        <Text size="sm" c="dimmed">
          {t.journeys.trigger}: {item.trigger}
        </Text>
      </Group>
      {canWrite && (
        <Group gap="xs">
          {!isNewest && (
            <Button
              size="xs"
              loading={enable.isPending}
              onClick={() => enable.mutate({ journey: item.journey })}
            >
              {t.journeys.enable}
            </Button>
          )}
          {item.enabled_version && (
            <Button size="xs" variant="default" onClick={() => confirm(question)}>
              {t.journeys.disable}
            </Button>
          )}
        </Group>
      )}
      {dialog}
    </Group>
  )
}

/** The next version to write, from the newest one. */
function following(item: Journey | undefined): string {
  const newest = item?.versions[0]
  if (!newest) return FIRST_JOURNEY
  return newest.definition.replace(/^version:\s*\d+/m, `version: ${newest.version + 1}`)
}

function Definition({ item }: { item: Journey | undefined }) {
  const navigate = useNavigate()
  const canWrite = useMay()('tenants:configure')
  const [version, setVersion] = useState<number | null>(null)
  const [source, setSource] = useState(() => following(item))
  const [problem, setProblem] = useState<Problem | null>(null)
  const define = useCommand('define-journey', { said: t.journeys.saved, quiet: true })
  const shown = item?.versions.find((one) => one.version === version)
  const save = (event: React.FormEvent) => {
    event.preventDefault()
    setProblem(null)
    define.mutate(
      { definition: source },
      {
        onSuccess: (done) => void navigate({ to: '/journeys/{-$id}', params: { id: done.aggregate_id } }),
        onError: setProblem,
      },
    )
  }
  const choices = [
    { value: '', label: t.journeys.add },
    ...(item?.versions.map((one) => ({
      value: String(one.version),
      label: `${t.journeys.version} ${one.version}`,
    })) ?? []),
  ]
  if (choices[0] && item) choices[0].label = `${t.journeys.version} ${item.version + 1}`
  return (
    <Part title={t.journeys.definition}>
      <form onSubmit={save}>
        <Stack gap="xs">
          {item && (
            <NativeSelect
              label={t.journeys.shown}
              data={choices}
              value={version === null ? '' : String(version)}
              onChange={(event) => setVersion(event.target.value ? Number(event.target.value) : null)}
              maw={200}
            />
          )}
          <Textarea
            label={t.journeys.definition}
            description={t.journeys.definitionHint}
            value={shown?.definition ?? source}
            onChange={(event) => setSource(event.target.value)}
            readOnly={!canWrite || shown !== undefined}
            autosize
            minRows={8}
            maxRows={24}
            spellCheck={false}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', whiteSpace: 'pre' } }}
          />
          <Refused problem={problem} />
          {canWrite && !shown && (
            <Group>
              <Button type="submit" size="xs" loading={define.isPending}>
                {t.journeys.save}
              </Button>
            </Group>
          )}
        </Stack>
      </form>
    </Part>
  )
}
