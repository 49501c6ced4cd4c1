// Somebody saved a newer version first: both are shown, one chooses field by field, and nothing is lost unseen.
import { Alert, Button, Group, Radio, Stack, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { t } from '../texts'
import type { Fields } from './merging'
import { clashesOf, merged } from './merging'

interface Props<F extends Fields> {
  /** What a field is called on the form. */
  labels: Record<keyof F, string>
  base: F
  mine: F
  theirs: F
  busy: boolean
  onCancel: () => void
  onSave: (fields: F) => void
}

export function Conflict<F extends Fields>(props: Props<F>) {
  const { labels, base, mine, theirs, busy, onCancel, onSave } = props
  const [givenUp, setGivenUp] = useState<ReadonlySet<string>>(new Set())
  const clashes = clashesOf(base, mine, theirs)
  const choose = (name: string, side: string) => {
    const next = new Set(givenUp)
    if (side === 'theirs') next.add(name)
    else next.delete(name)
    setGivenUp(next)
  }
  return (
    <Stack>
      <Alert color="yellow" title={t.conflict.title}>
        {clashes.length > 0 ? t.conflict.why : t.conflict.none}
      </Alert>
      {clashes.length > 0 && (
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t.conflict.field}</Table.Th>
              <Table.Th>{t.conflict.mine}</Table.Th>
              <Table.Th>{t.conflict.theirs}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {clashes.map((clash) => (
              <Table.Tr key={clash.name}>
                <Table.Td>{labels[clash.name]}</Table.Td>
                {(['mine', 'theirs'] as const).map((side) => (
                  <Table.Td key={side}>
                    <Radio
                      size="xs"
                      name={`conflict.${clash.name}`}
                      aria-label={`${labels[clash.name] ?? clash.name}: ${t.conflict[side]}`}
                      label={<Text size="sm">{clash[side] || '—'}</Text>}
                      checked={givenUp.has(clash.name) === (side === 'theirs')}
                      onChange={() => choose(clash.name, side)}
                    />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onCancel}>
          {t.actions.cancel}
        </Button>
        <Button loading={busy} onClick={() => onSave(merged(base, mine, theirs, givenUp))}>
          {t.conflict.save}
        </Button>
      </Group>
    </Stack>
  )
}
