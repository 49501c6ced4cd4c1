// What every page has: a title, what can be done, and honest words when there is nothing or something is wrong.
import { Alert, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { Problem } from '../api/client'
import { t } from '../texts'
import css from './Page.module.css'

interface PageProps {
  title: string
  /** Beside the title: filters and buttons. */
  tools?: ReactNode
  children: ReactNode
  /** The content scrolls by itself and takes the whole height, as tables do. */
  fixed?: boolean
}

export function Page({ title, tools, children, fixed }: PageProps) {
  return (
    <div className={fixed ? css.fixed : css.page}>
      <Group className={css.head} justify="space-between" gap="sm">
        <Title order={1} size="h3">
          {title}
        </Title>
        <Group gap="xs">{tools}</Group>
      </Group>
      {children}
    </div>
  )
}

export function ProblemNote({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} />} title={t.problems.load} m="md">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{problem.detail}</Text>
        <Text size="xs">{t.problems.code(problem.code)}</Text>
        {onRetry && (
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            {t.actions.retry}
          </Button>
        )}
      </Stack>
    </Alert>
  )
}

/** Says what would be here, and offers the one thing to do about it. */
export function Empty({ title, why, children }: { title: string; why: string; children?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <Text fw={600}>{title}</Text>
      <Text size="sm" c="dimmed" maw={420}>
        {why}
      </Text>
      {children}
    </Stack>
  )
}

/** The shape of what comes, on the first load only. */
export function Waiting({ rows = 8 }: { rows?: number }) {
  return (
    <Stack gap="sm" p="md" aria-busy="true">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton height={18} key={index} />
      ))}
    </Stack>
  )
}

/** Facts of a record, label by label. */
export function Facts({ facts }: { facts: [label: string, value: ReactNode][] }) {
  return (
    <dl className={css.facts}>
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value ?? '—'}</dd>
        </div>
      ))}
    </dl>
  )
}

/** A titled part of a record. */
export function Part({ title, tools, children }: { title: string; tools?: ReactNode; children: ReactNode }) {
  return (
    <section className={css.part}>
      <Group justify="space-between" mb={6} wrap="nowrap">
        <Title order={2} size="h6">
          {title}
        </Title>
        <Group gap={4}>{tools}</Group>
      </Group>
      {children}
    </section>
  )
}
