// Gives money back, all or part of it.
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { minorUnits, typedMoney } from '../../components/format'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { t } from '../../texts'
import type { Payment } from './PaymentPanel'

export function RefundDialog({ payment, onClose }: { payment: Payment; onClose: () => void }) {
  const { currency, amount_minor } = payment.refundable
  const form = useFields({ amount: typedMoney(amount_minor, currency) })
  const refund = useCommand('refund-payment', { said: t.payments.refunded, quiet: true })
  const amount = minorUnits(form.values.amount, currency)
  const send = form.submit(async () => {
    if (amount === null) return
    await refund.mutateAsync({ payment_id: payment.payment_id, amount_minor: amount })
    onClose()
  })
  return (
    <Modal opened onClose={onClose} title={t.payments.refund}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          <Text size="sm">{t.payments.refundBody}</Text>
          <TextInput
            label={`${t.payments.amount} (${currency})`}
            inputMode="decimal"
            {...form.field('amount', '/amount_minor')}
          />
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" color="red" loading={form.busy} disabled={!amount}>
              {t.payments.refund}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
