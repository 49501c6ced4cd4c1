// An agent wants to give money back, a person agrees, and it goes on from there.
import { strict as assert } from 'node:assert'
import { command, rows } from './sandbox.mjs'

const REFUND_MINOR = 1_700

export async function refundWithApproval({ page, demo, tenant }) {
  const payments = await rows(demo, tenant.api_key, 'payments-feed?limit=100')
  const { payment_id } = payments.find((payment) => payment.refundable.amount_minor > REFUND_MINOR)
  await page.goto(`/payments?panel=payment.${payment_id}`)
  const panel = page.getByRole('complementary', { name: 'Payment' })
  await panel.getByText('Reference').waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  const call = (headers) =>
    command(demo, tenant.agent_key, 'refund-payment', { payment_id, amount_minor: REFUND_MINOR }, headers)
  const key = crypto.randomUUID()
  const asked = await call({ 'idempotency-key': key })
  assert.equal(asked.body.code, 'approval-required')
  const id = asked.body.alternatives[0].approval_id
  // It shows by itself, on the payment and in the navigation.
  await panel.getByText('An agent asks to refund').waitFor()
  await page.getByRole('link', { name: /Approvals.*for you/ }).waitFor()
  await panel.getByRole('link', { name: 'Decide' }).click()
  const card = page.locator(`[data-approval="${id}"]`)
  await card.getByText('Refund $17.00 of a payment').waitFor()
  await card.getByText(`"payment_id": "${payment_id}"`).waitFor()
  await card.getByRole('textbox').fill('agreed on the phone')
  await card.getByRole('button', { name: 'Approve' }).click()
  await card.waitFor({ state: 'detached' })
  const done = await call({ 'idempotency-key': key, 'x-approval-id': id })
  assert.equal(done.status, 200, JSON.stringify(done.body))
  await page.getByRole('radio', { name: 'Decided' }).locator('xpath=..').click()
  await card.getByText('Carried out').waitFor()
  await page.goto(`/payments?panel=payment.${payment_id}`)
  await panel.getByText('$17.00').first().waitFor()
}
