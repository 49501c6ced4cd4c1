// One payment: where it came from, what it is for, and giving it back.
import { Alert, Anchor, Badge, Button, Card, Group, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { Item } from '../../api/client'
import { useAsk, useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { useConfirm } from '../../components/Confirm'
import { day, money, percent } from '../../components/format'
import { Empty, Facts, Part, ProblemNote, Waiting } from '../../components/Page'
import { usePanel } from '../../components/panel'
import { Status } from '../../components/Status'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { AskedRefunds } from './AskedRefunds'
import { RefundDialog } from './RefundDialog'

export type Payment = Item<'payments-feed'>

export function PaymentPanel({ id }: { id: string }) {
  const found = useAsk('payments-feed', { payment_id: id })
  if (found.error && !found.data)
    return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting />
  const payment = found.data.items[0]
  return payment ? (
    <Record payment={payment} />
  ) : (
    <Empty title={t.payments.emptyTitle} why={t.payments.emptyWhy} />
  )
}

function Record({ payment }: { payment: Payment }) {
  const [refunding, setRefunding] = useState(false)
  const { open } = usePanel()
  const { confirm, dialog } = useConfirm()
  const may = useMay()
  const unlink = useCommand('unlink-payment', { said: t.payments.unlinked })
  const { payment_id, booking_id, amount, refundable } = payment
  return (
    <Stack gap={0}>
      <Group justify="space-between">
        <Title order={2} size="h4">
          {money(amount.amount_minor, amount.currency)}
        </Title>
        <Status value={payment.status} />
      </Group>
      {payment.flags.length > 0 && (
        <Alert color="orange" my="xs" py={6} title={t.payments.flags}>
          {payment.flags.map(humane).join(', ')}
        </Alert>
      )}
      <Group gap={6} my="xs">
        {may('payments:refund') && refundable.amount_minor > 0 && (
          <Button size="compact-sm" variant="default" onClick={() => setRefunding(true)}>
            {t.payments.refund}
          </Button>
        )}
        {may('payments:write') && booking_id && (
          <Button
            size="compact-sm"
            variant="subtle"
            onClick={() =>
              confirm({
                title: t.payments.unlink,
                body: t.payments.unlinkBody,
                confirm: t.payments.unlink,
                reason: true,
                run: (reason) => unlink.mutateAsync({ payment_id, reason }),
              })
            }
          >
            {t.payments.unlink}
          </Button>
        )}
      </Group>
      <AskedRefunds payment={payment} />
      <Part title={t.panels.payment}>
        <Facts facts={factsOf(payment, open)} />
      </Part>
      <Suggestions payment={payment} />
      {payment.refunds.length > 0 && (
        <Part title={t.payments.refunds}>
          {payment.refunds.map((refund) => (
            <Group key={refund.refund_id} justify="space-between">
              <Text size="sm">{money(refund.amount_minor, amount.currency)}</Text>
              <Badge variant="default" className="status">
                {humane(refund.status)}
              </Badge>
            </Group>
          ))}
        </Part>
      )}
      {dialog}
      {refunding && <RefundDialog payment={payment} onClose={() => setRefunding(false)} />}
    </Stack>
  )
}

function factsOf(payment: Payment, open: ReturnType<typeof usePanel>['open']): [string, React.ReactNode][] {
  const { customer_id, booking_id } = payment
  return [
    [
      t.payments.customer,
      customer_id ? (
        <Anchor key="customer" component="button" size="sm" onClick={() => open('customer', customer_id)}>
          {payment.customer_name || t.unknownName}
        </Anchor>
      ) : (
        '—'
      ),
    ],
    [
      t.payments.booking,
      booking_id ? (
        <Anchor key="booking" component="button" size="sm" onClick={() => open('booking', booking_id)}>
          {t.actions.open}
        </Anchor>
      ) : (
        '—'
      ),
    ],
    [t.payments.method, humane(payment.method)],
    [t.payments.provider, humane(payment.provider)],
    [t.payments.memo, payment.memo],
    [
      t.payments.reference,
      <span key="reference" className="mono">
        {payment.provider_id}
      </span>,
    ],
    [t.payments.received, <When key="received" at={payment.received_at} />],
    [t.payments.matched, payment.match_reason ? humane(payment.match_reason) : null],
    [t.payments.refundedAmount, money(payment.refunded.amount_minor, payment.refunded.currency)],
  ]
}

function Suggestions({ payment }: { payment: Payment }) {
  const link = useCommand('link-payment-to-booking', { said: t.payments.linked })
  const canLink = useMay()('payments:write')
  if (payment.suggestions.length === 0) return null
  return (
    <Part title={t.payments.suggestions}>
      <Stack gap="xs">
        {payment.suggestions.map((suggestion) => (
          <Card withBorder padding="xs" key={suggestion.booking_id}>
            <Group justify="space-between" wrap="nowrap">
              <div>
                <Text size="sm" fw={600}>
                  {suggestion.customer_name}
                </Text>
                <Text size="xs" c="dimmed">
                  {day(suggestion.date)}, {suggestion.slot} ·{' '}
                  {money(suggestion.balance.amount_minor, suggestion.balance.currency)}
                </Text>
                <Text size="xs">{t.payments.score(percent(suggestion.score))}</Text>
              </div>
              {canLink && (
                <Button
                  size="compact-sm"
                  loading={link.isPending}
                  onClick={() =>
                    link.mutate({ payment_id: payment.payment_id, booking_id: suggestion.booking_id })
                  }
                >
                  {t.payments.link}
                </Button>
              )}
            </Group>
          </Card>
        ))}
      </Stack>
    </Part>
  )
}
