// Says what the columns are, and shows at once what would become of each row.
import { Badge, Button, Group, Radio, Select, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Body, Item, Params } from '../../api/client'
import { useAsk, useCommand } from '../../api/hooks'
import { number } from '../../components/format'
import { Part, ProblemNote, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { humane, t } from '../../texts'

type Preview = Item<'import-preview'>
type Field = NonNullable<Preview['mapping'][number]>
type OnDuplicate = NonNullable<Body<'map-import'>['on_duplicate']>
type Verdict = keyof typeof t.imports.verdicts

const FIELDS: Field[] = [
  'first_name',
  'last_name',
  'full_name',
  'email',
  'phone',
  'address',
  'time_zone',
  'tags',
]
const VERDICTS = Object.keys(t.imports.verdicts) as Verdict[]
const COLOURS: Record<Verdict, string> = {
  new: 'teal',
  duplicate: 'blue',
  repeated: 'yellow',
  refused: 'red',
}

export function Mapping({ id }: { id: string }) {
  const [chosen, setChosen] = useState<(Field | null)[] | null>(null)
  const [verdict, setVerdict] = useState<Verdict | null>(null)
  const found = useAsk('import-preview', {
    id,
    ...(chosen && { mapping: chosen.map((field) => field ?? '-').join(',') }),
    ...(verdict && { verdict }),
  } as Params<'import-preview'>)
  const preview = found.data?.item
  if (found.error) return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!preview) return <Waiting />
  const mapping = chosen ?? preview.mapping
  return (
    <>
      <Part title={t.imports.columns}>
        <Text size="sm" c="dimmed" mb="xs">
          {t.imports.columnsWhy}
        </Text>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
          {preview.columns.map((column, index) => (
            <Select
              key={`${index}-${column}`}
              size="xs"
              label={column || `${index + 1}`}
              description={preview.rows[0]?.cells[index]?.slice(0, 40) || '—'}
              placeholder={t.imports.leaveOut}
              clearable
              value={mapping[index] ?? null}
              data={FIELDS.map((field) => ({ value: field, label: humane(field) }))}
              onChange={(field) =>
                setChosen(mapping.map((before, at) => (at === index ? (field as Field | null) : before)))
              }
            />
          ))}
        </SimpleGrid>
      </Part>
      <Part title={t.imports.preview}>
        <Group gap="xs" mb="xs">
          <Button
            size="compact-xs"
            variant={verdict ? 'subtle' : 'light'}
            aria-pressed={!verdict}
            onClick={() => setVerdict(null)}
          >
            {t.imports.all}
          </Button>
          {VERDICTS.map((one) => (
            <Button
              key={one}
              size="compact-xs"
              variant={verdict === one ? 'light' : 'subtle'}
              aria-pressed={verdict === one}
              onClick={() => setVerdict(one)}
            >
              {t.imports.verdicts[one]}: {number(preview.counts[one])}
            </Button>
          ))}
        </Group>
        <PreviewTable preview={preview} />
      </Part>
      <Plan id={id} mapping={mapping} />
    </>
  )
}

function PreviewTable({ preview }: { preview: Preview }) {
  return (
    <Table.ScrollContainer
      minWidth={600}
      maxHeight={360}
      scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
    >
      <Table stickyHeader fz="xs" aria-label={t.imports.preview}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.imports.row}</Table.Th>
            <Table.Th>{t.imports.verdict}</Table.Th>
            {preview.columns.map((column, index) => (
              <Table.Th key={`${index}-${column}`}>{column}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {preview.rows.map((row) => (
            <Table.Tr key={row.row}>
              <Table.Td>{row.row}</Table.Td>
              <Table.Td>
                <Badge size="xs" variant="light" color={COLOURS[row.verdict]}>
                  {t.imports.verdicts[row.verdict]}
                </Badge>{' '}
                {row.same_as_row != null && t.imports.sameAs(row.same_as_row)}
                {row.problems.map((problem) => (
                  <div key={`${problem.field}${problem.code}`}>
                    {humane(problem.field)}: {problem.message}
                  </div>
                ))}
              </Table.Td>
              {row.cells.map((cell, index) => (
                <Table.Td key={index}>{cell}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function Plan({ id, mapping }: { id: string; mapping: (Field | null)[] }) {
  const [onDuplicate, setOnDuplicate] = useState<OnDuplicate>('skip')
  const [tags, setTags] = useState('')
  const map = useCommand('map-import', { quiet: true })
  const start = useCommand('start-import', { quiet: true })
  const go = async () => {
    const given = tags
      .split(',')
      .map((tag) => tag.trim())
      .filter(Boolean)
    try {
      await map.mutateAsync({ import_id: id, mapping, on_duplicate: onDuplicate, tags: given })
      await start.mutateAsync({ import_id: id })
    } catch {
      // What was refused is shown below.
    }
  }
  const problem = map.error ?? start.error
  return (
    <Stack gap="sm" maw={560}>
      <Radio.Group
        label={t.imports.duplicates}
        value={onDuplicate}
        onChange={(value) => setOnDuplicate(value as OnDuplicate)}
      >
        <Stack gap={6} mt={6}>
          {(['skip', 'fill', 'update'] as const).map((one) => (
            <Radio size="xs" key={one} value={one} label={t.imports[one]} />
          ))}
        </Stack>
      </Radio.Group>
      <TextInput
        size="xs"
        label={t.imports.tags}
        description={t.imports.tagsHint}
        value={tags}
        onChange={(event) => setTags(event.currentTarget.value)}
      />
      {problem && <Refused problem={problem} />}
      <Group>
        <Button loading={map.isPending || start.isPending} onClick={() => void go()}>
          {t.imports.start}
        </Button>
      </Group>
    </Stack>
  )
}
