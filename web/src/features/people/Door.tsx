// The frame of every page that one sees before being in.
import { Paper, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { t } from '../../texts'
import css from './Door.module.css'

export function Door({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={css.door}>
      <Paper withBorder p="xl" radius="md" className={css.card}>
        <Text size="sm" c="dimmed" fw={600}>
          {t.product}
        </Text>
        <Title order={1} size="h3" mb="md">
          {title}
        </Title>
        {children}
      </Paper>
    </main>
  )
}
