// Finds the other record, shows what becomes of both, and merges.
import { Button, Card, Group, Modal, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Done, Problem } from '../../api/client'
import { tryCommand } from '../../api/client'
import { useAsk, useCommand } from '../../api/hooks'
import { Facts, ProblemNote, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { t } from '../../texts'
import type { Customer360 } from './CustomerRecord'
import { MergeOutcome } from './MergeOutcome'

export function MergeDialog({ record, onClose }: { record: Customer360; onClose: () => void }) {
  const [other, setOther] = useState('')
  return (
    <Modal opened onClose={onClose} title={t.customers.mergeTitle} size="lg">
      {other ? (
        <Preview record={record} otherId={other} onBack={() => setOther('')} onClose={onClose} />
      ) : (
        <Find record={record} onChoose={setOther} />
      )}
    </Modal>
  )
}

function Find({ record, onChoose }: { record: Customer360; onChoose: (id: string) => void }) {
  const [text, setText] = useState(record.profile.phone ?? record.profile.last_name)
  const [search] = useDebouncedValue(text.trim(), 200)
  const found = useAsk('customers', { search, limit: 20 }, { enabled: search.length > 1 })
  const others = (found.data?.items ?? []).filter((customer) => customer.customer_id !== record.customer_id)
  return (
    <Stack>
      <TextInput
        data-autofocus
        label={t.customers.mergeSearch}
        placeholder={t.customers.search}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {found.error && <ProblemNote problem={found.error} />}
      {others.map((customer) => (
        <Group key={customer.customer_id} justify="space-between" wrap="nowrap">
          <div>
            <Text size="sm">{customer.name || t.unknownName}</Text>
            <Text size="xs" c="dimmed">
              {[customer.email, customer.phone].filter(Boolean).join(' · ')}
            </Text>
          </div>
          <Button size="compact-sm" variant="default" onClick={() => onChoose(customer.customer_id)}>
            {t.customers.mergePreview}
          </Button>
        </Group>
      ))}
      {search.length > 1 && found.data && others.length === 0 && (
        <Text size="sm" c="dimmed">
          {t.none}
        </Text>
      )}
    </Stack>
  )
}

interface PreviewProps {
  record: Customer360
  otherId: string
  onBack: () => void
  onClose: () => void
}

function Preview({ record, otherId, onBack, onClose }: PreviewProps) {
  const other = useAsk('customer-360', { id: otherId })
  const form = useFields({})
  const merge = useCommand('merge-customers', { said: t.customers.mergedSaid, quiet: true })
  // The server says beforehand whether it would refuse.
  const tried = useQuery<Done, Problem>({
    queryKey: ['merge-customers', 'tried', record.customer_id, otherId],
    queryFn: () => tryCommand('merge-customers', { survivor_id: record.customer_id, merged_id: otherId }),
    retry: false,
  })
  const send = form.submit(async () => {
    await merge.mutateAsync({ survivor_id: record.customer_id, merged_id: otherId })
    onClose()
  })
  if (other.error) return <ProblemNote problem={other.error} />
  if (!other.data) return <Waiting rows={5} />
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Side title={t.customers.mergeSurvivor} record={record} />
        <Side title={t.customers.mergeGone} record={other.data.item} />
      </SimpleGrid>
      <MergeOutcome survivor={record} gone={other.data.item} />
      <Text size="sm" c="dimmed">
        {t.customers.mergeWhy}
      </Text>
      <Refused problem={form.problem ?? tried.error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onBack}>
          {t.actions.cancel}
        </Button>
        <Button loading={form.busy} disabled={tried.isError} onClick={() => void send()}>
          {t.customers.mergeDo}
        </Button>
      </Group>
    </Stack>
  )
}

function Side({ title, record }: { title: string; record: Customer360 }) {
  return (
    <Card withBorder padding="sm">
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      <Text fw={600} mb={6}>
        {record.profile.name || t.unknownName}
      </Text>
      <Facts
        facts={[
          [t.customers.email, record.profile.email],
          [t.customers.phone, record.profile.phone],
          [t.customers.bookings, record.bookings?.length ?? '—'],
          [t.customers.conversations, record.conversations?.length ?? '—'],
          [t.customers.payments, record.payments?.length ?? '—'],
        ]}
      />
    </Card>
  )
}
