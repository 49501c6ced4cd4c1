// Files of customers: bring one in, and what became of those before.
import { Button, FileButton, Group, Paper, Stack, Text } from '@mantine/core'
import { IconUpload } from '@tabler/icons-react'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { Item } from '../../api/client'
import { Problem } from '../../api/client'
import { useList } from '../../api/hooks'
import { uploadImport } from '../../api/many'
import type { Column } from '../../components/DataTable'
import { DataTable } from '../../components/DataTable'
import { number } from '../../components/format'
import { Page } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { Status } from '../../components/Status'
import { When } from '../../components/When'
import { t } from '../../texts'
import { ImportRecord } from './ImportRecord'

export type ImportRow = Item<'imports'>

const COLUMNS: Column<ImportRow>[] = [
  {
    id: 'file',
    header: t.imports.file,
    width: 'minmax(140px, 2fr)',
    cell: (row) => row.file_name ?? row.format.toUpperCase(),
  },
  {
    id: 'state',
    header: t.imports.state,
    width: 'minmax(110px, 1fr)',
    cell: (row) => <Status value={row.standing} />,
  },
  {
    id: 'rows',
    header: t.imports.rows,
    width: '80px',
    align: 'end',
    cell: (row) => number(row.rows),
  },
  {
    id: 'created',
    header: t.imports.counts.created,
    width: '90px',
    align: 'end',
    wide: true,
    cell: (row) => number(row.counts.created ?? 0),
  },
  {
    id: 'failed',
    header: t.imports.counts.failed,
    width: '80px',
    align: 'end',
    wide: true,
    cell: (row) => number(row.counts.failed ?? 0),
  },
  {
    id: 'when',
    header: t.imports.when,
    width: '120px',
    wide: true,
    cell: (row) => <When at={row.created_at} relative />,
  },
]

export function ImportsPage() {
  const { id } = useParams({ strict: false }) as { id?: string }
  return id ? <ImportRecord key={id} id={id} /> : <Imports />
}

function Imports() {
  const navigate = useNavigate()
  const found = useList('imports', {})
  const open = (id: string) => void navigate({ to: '/customers/imports/{-$id}', params: { id } })
  return (
    <Page title={t.imports.page} fixed>
      <Stack gap="md" style={{ flex: 1, minHeight: 0 }}>
        <Upload onUploaded={open} />
        <DataTable
          label={t.imports.earlier}
          rows={found.rows}
          found={found}
          columns={COLUMNS}
          idOf={(row) => row.import_id}
          onOpen={(row) => open(row.import_id)}
          empty={{ title: t.imports.none, why: t.imports.noneWhy }}
        />
      </Stack>
    </Page>
  )
}

function Upload({ onUploaded }: { onUploaded: (id: string) => void }) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const upload = async (file: File | null) => {
    if (!file) return
    setBusy(true)
    setProblem(null)
    try {
      const uploaded = await uploadImport(file)
      onUploaded(uploaded.result.import_id)
    } catch (error) {
      if (error instanceof Problem) setProblem(error)
      setBusy(false)
    }
  }
  return (
    <Paper withBorder p="md">
      <Group justify="space-between">
        <Stack gap={2}>
          <Text fw={600}>{t.imports.title}</Text>
          <Text size="sm" c="dimmed">
            {t.imports.why}
          </Text>
        </Stack>
        <FileButton
          accept=".csv,.vcf,.vcard,text/csv,text/vcard"
          inputProps={{ 'aria-label': t.imports.choose }}
          onChange={(file) => void upload(file)}
        >
          {(props) => (
            <Button {...props} loading={busy} leftSection={<IconUpload size={14} />}>
              {t.imports.choose}
            </Button>
          )}
        </FileButton>
      </Group>
      {problem && <Refused problem={problem} />}
    </Paper>
  )
}
