// One fact: what it says, the customer's own words, how sure it is, and what a person may make of it.
import { Button, Card, Group, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Item } from '../../api/client'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { percent } from '../../components/format'
import { Status } from '../../components/Status'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { valueOf } from './values'

type Fact = Item<'facts'>

export function FactCard({ fact }: { fact: Fact }) {
  const canWrite = useMay()('conversations:write')
  const { confirm, dialog } = useConfirm()
  const accept = useCommand('accept-fact', { said: t.facts.accepted })
  const reject = useCommand('reject-fact', { said: t.facts.rejected })
  const undo = useCommand('undo-facts', { said: t.facts.undone })
  const of = { thread_id: fact.thread_id, fact_id: fact.fact_id }
  const question = {
    title: t.facts.undoTitle,
    body: t.facts.undoWhy,
    confirm: t.facts.undo,
    danger: true,
    run: () => undo.mutateAsync({ thread_id: fact.thread_id, extraction_id: fact.extraction_id }),
  }
  const isOver = fact.standing === 'rejected' || fact.standing === 'undone'
  const value = fact.value == null ? t.facts.hidden : valueOf(fact.value)
  return (
    <Card
      withBorder
      padding="sm"
      component="article"
      aria-label={`${humane(fact.field)}: ${value}`}
      tabIndex={-1}
      data-walk
    >
      <Group justify="space-between">
        <Group gap="xs">
          <Text fw={600}>{humane(fact.field)}</Text>
          <Text>{value}</Text>
          <Status value={fact.standing} />
        </Group>
        <Group gap="sm">
          <Link to="/inbox" search={{ thread: fact.thread_id, status: 'all' }}>
            {t.facts.thread}
          </Link>
          {fact.customer_id && (
            <Link to="/customers/$id" params={{ id: fact.customer_id }}>
              {t.facts.customer}
            </Link>
          )}
        </Group>
      </Group>
      <Text
        component="blockquote"
        size="sm"
        m={0}
        my={6}
        pl="sm"
        style={{ borderLeft: '2px solid currentColor' }}
      >
        {fact.quote ?? t.facts.hidden}
      </Text>
      <Group justify="space-between">
        <Group gap="xs">
          <Text size="xs" c="dimmed">
            {t.facts.evidence[fact.evidence]}, {t.facts.sure(percent(fact.confidence))}
          </Text>
          <When at={fact.found_at} relative size="xs" />
        </Group>
        {canWrite && !isOver && (
          <Group gap="xs">
            {fact.standing !== 'accepted' && (
              <Button size="compact-xs" loading={accept.isPending} onClick={() => accept.mutate(of)}>
                {t.facts.accept}
              </Button>
            )}
            <Button size="compact-xs" variant="default" onClick={() => reject.mutate(of)}>
              {t.facts.reject}
            </Button>
            <Button size="compact-xs" variant="subtle" onClick={() => confirm(question)}>
              {t.facts.undo}
            </Button>
          </Group>
        )}
      </Group>
      {dialog}
    </Card>
  )
}
