// One import: mapped and looked through before it runs, watched while it runs, taken back afterwards.
import { Button, Group, Progress, Stack, Text } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useAsk, useCommand } from '../../api/hooks'
import { useConfirm } from '../../components/Confirm'
import { number } from '../../components/format'
import { Empty, Facts, Page, Part, ProblemNote, Waiting } from '../../components/Page'
import { Status } from '../../components/Status'
import { t } from '../../texts'
import type { ImportRow } from './ImportsPage'
import { Mapping } from './Mapping'
import { Results } from './Results'

type Count = keyof typeof t.imports.counts
const COUNTS = Object.keys(t.imports.counts) as Count[]

export function ImportRecord({ id }: { id: string }) {
  const navigate = useNavigate()
  const found = useAsk('imports', { import_id: id })
  const item = found.data?.items[0]
  const back = (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconArrowLeft size={14} />}
      onClick={() => void navigate({ to: '/customers/imports/{-$id}', params: { id: undefined } })}
    >
      {t.imports.back}
    </Button>
  )
  return (
    <Page title={item?.file_name ?? t.imports.page} tools={back}>
      {found.error ? (
        <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <Waiting />
      ) : item ? (
        <Stack gap="lg">
          <Standing item={item} />
          {item.standing === 'ready' && !item.purged && <Mapping id={id} />}
          {item.standing !== 'ready' && <Results item={item} />}
        </Stack>
      ) : (
        <Empty title={t.imports.none} why={t.imports.noneWhy} />
      )}
    </Page>
  )
}

function Standing({ item }: { item: ImportRow }) {
  const working = item.standing === 'running' || item.standing === 'undoing'
  const counted = COUNTS.filter((count) => (item.counts[count] ?? 0) > 0)
  const share = item.rows === 0 ? 0 : (100 * (item.rows - (item.counts.waiting ?? 0))) / item.rows
  return (
    <Part title={t.imports.result} tools={<Acts item={item} />}>
      <Group gap="md" role="status">
        <Status value={item.standing} />
        {counted.map((count) => (
          <Text size="sm" key={count}>
            {t.imports.counts[count]}: {number(item.counts[count] ?? 0)}
          </Text>
        ))}
      </Group>
      {working && <Progress value={share} mt="xs" animated aria-label={t.imports.running} />}
      <Facts
        facts={[
          [t.imports.rows, number(item.rows)],
          [t.imports.file, `${item.format.toUpperCase()}, ${item.encoding}`],
        ]}
      />
      {item.purged && <Text size="sm">{t.imports.purged}</Text>}
    </Part>
  )
}

function Acts({ item }: { item: ImportRow }) {
  const { confirm, dialog } = useConfirm()
  const start = useCommand('start-import')
  const stop = useCommand('stop-import')
  const retry = useCommand('retry-import')
  const undo = useCommand('undo-import')
  const of = { import_id: item.import_id }
  const acts: ReactNode[] = []
  if (item.purged) return null
  if (item.standing === 'running') {
    acts.push(
      <Button key="stop" size="xs" variant="default" onClick={() => stop.mutate(of)}>
        {t.imports.stop}
      </Button>,
    )
  }
  if (item.standing === 'stopped') {
    acts.push(
      <Button key="start" size="xs" onClick={() => start.mutate(of)}>
        {t.imports.goOn}
      </Button>,
    )
  }
  if (item.standing === 'finished' && (item.counts.failed ?? 0) > 0) {
    acts.push(
      <Button key="retry" size="xs" variant="default" onClick={() => retry.mutate(of)}>
        {t.imports.retry}
      </Button>,
    )
  }
  if (item.standing === 'finished' || item.standing === 'stopped') {
    const question = {
      title: t.imports.undoTitle,
      body: t.imports.undoWhy,
      confirm: t.imports.undo,
      danger: true,
      run: () => undo.mutateAsync(of),
    }
    acts.push(
      <Button key="undo" size="xs" variant="default" onClick={() => confirm(question)}>
        {t.imports.undo}
      </Button>,
    )
  }
  return (
    <>
      {acts}
      {dialog}
    </>
  )
}
