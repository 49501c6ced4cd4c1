// Refunds of this payment that an agent has asked for: what waits for a person, and what goes on once one has agreed.
import { Alert, Anchor, Group, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useAsk } from '../../api/hooks'
import { useMay } from '../../api/session'
import { money } from '../../components/format'
import { useActorName } from '../../components/useActorName'
import { t } from '../../texts'
import type { Payment } from './PaymentPanel'

const COMMAND = 'refund-payment'
/** Standings in which money may still move. */
const OPEN = ['proposed', 'approved']

interface Asked {
  payment_id?: unknown
  amount_minor?: unknown
}

export function AskedRefunds({ payment }: { payment: Payment }) {
  const enabled = useMay()('approvals:read')
  const found = useAsk('approvals', { command: COMMAND, limit: 100 }, { enabled })
  const actorName = useActorName()
  const asked = (found.data?.items ?? []).filter(
    (approval) =>
      OPEN.includes(approval.standing) &&
      (approval.arguments as Asked | null)?.payment_id === payment.payment_id,
  )
  if (asked.length === 0) return null
  return (
    <Alert color="yellow" my="xs" py={8} title={t.refunds.asked}>
      <Stack gap={4}>
        {asked.map((approval) => {
          const amount = (approval.arguments as Asked | null)?.amount_minor
          const minor = typeof amount === 'number' ? amount : payment.refundable.amount_minor
          return (
            <Group key={approval.approval_id} justify="space-between" gap={6}>
              <Text size="sm">
                {money(minor, payment.amount.currency)} · {actorName(approval.proposer)}
              </Text>
              {approval.standing === 'proposed' ? (
                <Anchor
                  component={Link}
                  size="sm"
                  to="/approvals"
                  search={{ approval: approval.approval_id } as never}
                >
                  {t.refunds.decide}
                </Anchor>
              ) : (
                <Text size="xs">{t.refunds.going}</Text>
              )}
            </Group>
          )
        })}
      </Stack>
    </Alert>
  )
}
