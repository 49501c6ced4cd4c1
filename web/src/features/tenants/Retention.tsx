// How long what is kept of each kind: the terms, what they would take before anybody saves them, and taking it now.
import { Alert, Button, Group, NumberInput, Stack, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { useCommand } from '../../api/hooks'
import { useAct, useOperations } from '../../api/operations'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { number } from '../../components/format'
import { ProblemNote, Waiting } from '../../components/Page'
import { useTenant } from '../../components/useTenant'
import { When } from '../../components/When'
import { t } from '../../texts'

interface Foreseen {
  class: string
  days: number | null
  set: boolean
  usual_days: number | null
  least_days: number
  most_days: number
  due: number
  held: number
  oldest: string | null
  samples: string[]
}

type Terms = Record<string, number>

export function Retention() {
  const { tenant, settings } = useTenant()
  if (!tenant || !settings) return <Waiting />
  const saved = (settings as unknown as { retention?: Terms }).retention ?? {}
  return <Form saved={saved} slug={tenant.slug} version={tenant.sequence} key={tenant.sequence} />
}

function Form({ saved, slug, version }: { saved: Terms; slug: string; version: number }) {
  const [terms, setTerms] = useState<Terms>(saved)
  const [tried, setTried] = useState<Terms>(saved)
  const found = useOperations<Foreseen>('retention', { tenant: slug, ...asked(tried, saved) }, true, false)
  const update = useCommand('update-settings', { said: t.retention.saved })
  const act = useAct()
  const { confirm, dialog } = useConfirm()
  const canWrite = useMay()('tenants:configure')
  const isChanged = JSON.stringify(sorted(terms)) !== JSON.stringify(sorted(saved))
  const isTried = JSON.stringify(sorted(tried)) !== JSON.stringify(sorted(saved))
  const change = (name: string, days: number | string) => {
    const others = Object.fromEntries(Object.entries(terms).filter(([known]) => known !== name))
    setTerms(typeof days === 'number' ? { ...others, [name]: days } : others)
  }
  const save = () => update.mutate({ retention: terms, $options: { ifMatch: version } })
  const runNow = () =>
    confirm({
      title: t.retention.runNow,
      body: t.retention.runBody,
      confirm: t.retention.runNow,
      danger: true,
      run: () =>
        act.mutateAsync({ path: `retention/run?tenant=${encodeURIComponent(slug)}`, said: t.retention.ran }),
    })
  return (
    <Stack>
      <Text size="sm" maw={720}>
        {t.retention.intro}
      </Text>
      {isTried && <Alert color="blue">{t.retention.previewing}</Alert>}
      {found.error && <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />}
      {!found.data && !found.error && <Waiting />}
      {found.data && (
        <Classes items={found.data.items} terms={terms} onChange={canWrite ? change : undefined} />
      )}
      <Group>
        <Button variant="default" loading={found.isFetching} onClick={() => setTried(terms)}>
          {t.retention.preview}
        </Button>
        {canWrite && (
          <Button disabled={!isChanged} loading={update.isPending} onClick={save}>
            {t.actions.save}
          </Button>
        )}
        <Button variant="default" c="red" onClick={runNow}>
          {t.retention.runNow}
        </Button>
      </Group>
      {dialog}
    </Stack>
  )
}

/** Terms to try; where all of them were taken back, one that is the usual one says so. */
function asked(tried: Terms, saved: Terms): Terms {
  const isTakenBack = Object.keys(tried).length === 0 && Object.keys(saved).length > 0
  return isTakenBack ? { webhook_bodies: 90 } : tried
}

function sorted(terms: Terms): [string, number][] {
  return Object.entries(terms).sort(([one], [other]) => one.localeCompare(other))
}

interface ClassesProps {
  items: Foreseen[]
  terms: Terms
  onChange: ((name: string, days: number | string) => void) | undefined
}

function Classes({ items, terms, onChange }: ClassesProps) {
  return (
    <Table.ScrollContainer minWidth={680}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.retention.class}</Table.Th>
            <Table.Th>{t.retention.days}</Table.Th>
            <Table.Th>{t.retention.due}</Table.Th>
            <Table.Th>{t.retention.held}</Table.Th>
            <Table.Th>{t.retention.oldest}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => {
            const [title, why] = t.retention.classes[item.class] ?? [item.class, '']
            return (
              <Table.Tr key={item.class}>
                <Table.Td>
                  <Text size="sm">{title}</Text>
                  <Text size="xs" c="dimmed">
                    {why}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <NumberInput
                    size="xs"
                    w={130}
                    aria-label={`${title}: ${t.retention.days}`}
                    description={t.retention.range(item.least_days, item.most_days)}
                    placeholder={t.retention.usual(item.usual_days)}
                    min={item.least_days}
                    max={item.most_days}
                    allowDecimal={false}
                    readOnly={!onChange}
                    value={terms[item.class] ?? ''}
                    onChange={(days) => onChange?.(item.class, days)}
                  />
                </Table.Td>
                <Table.Td title={item.samples.join('\n')}>{number(item.due)}</Table.Td>
                <Table.Td>{number(item.held)}</Table.Td>
                <Table.Td>{item.oldest ? <When at={item.oldest} /> : '—'}</Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
