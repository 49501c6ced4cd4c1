// A letter in the business's own words: written beside its preview, published, and read in the customer's mailbox.
import { inDays } from './bookings.mjs'

/** Far enough that no other journey books there. */
const DAYS_AHEAD = 95
const PATIENCE_MS = 20_000

export async function ownWords({ page, demo }) {
  await page.goto('/settings/templates')
  await page.getByRole('button', { name: /^Edit: Booking created, E-mail/ }).click()
  const mark = `Your evening ${Date.now()}`
  const subject = page.getByLabel('Subject', { exact: true })
  await subject.fill(`${mark}: {{ colour }}`)
  await page
    .getByText(/colour is not known here/)
    .first()
    .waitFor()
  await subject.fill(`${mark}: `)
  await subject.press('End')
  await page.getByRole('button', { name: 'when', exact: true }).click()
  await page
    .getByTestId('preview-subject')
    .filter({ hasText: `${mark}: Saturday` })
    .waitFor()
  await page.getByRole('button', { name: 'Publish', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Publish' })
  await dialog.getByText(`+ ${mark}: {{ when }}`).waitFor()
  await dialog.getByRole('button', { name: 'Publish' }).click()
  await page
    .getByText(/^Version \d+,/)
    .first()
    .waitFor()
  const status = await page.evaluate(async (date) => {
    const response = await fetch('/commands/create-booking', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `own-words-${date}-${Date.now()}` },
      body: JSON.stringify({
        source: 'web',
        customer: {
          first_name: 'Robin',
          last_name: 'Words',
          email: `robin.${Date.now()}@example.com`,
          phone: '(213) 555-0142',
          consent_email: true,
          consent_sms: true,
        },
        booking: {
          date,
          slot: '18:00',
          address: '1 Example Street, Los Angeles, CA 90026',
          party: { adults: 11, kids: 2 },
          menu: [],
        },
        payment_preference: 'stripe_checkout',
      }),
    })
    return `${response.status} ${response.ok ? '' : await response.text()}`
  }, inDays(DAYS_AHEAD))
  if (!status.startsWith('200')) throw new Error(`the booking: ${status}`)
  const until = Date.now() + PATIENCE_MS
  while (Date.now() < until) {
    const box = await (await fetch(`${demo.sandbox_url}/sandbox/mails?limit=50`)).json()
    if (box.mails.some((mail) => mail.subject.startsWith(`${mark}: `))) return
    await page.waitForTimeout(200)
  }
  throw new Error(`no mail says ${mark}`)
}
