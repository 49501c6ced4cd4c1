// A projection is rebuilt while somebody works; nothing is missing in between.
import { inDays } from './bookings.mjs'
import { command, fault } from './sandbox.mjs'

export async function rebuildWhileReading({ page }) {
  await page.goto('/system/projections')
  const row = page.getByRole('row').filter({ hasText: 'customers' })
  await row.getByRole('button', { name: 'Rebuild' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('the browser test looks on')
  await dialog.getByRole('button', { name: 'Rebuild' }).click()
  await page.getByText('It has begun; its progress shows here').waitFor()
  for (const [key, table] of [
    ['c', 'Customers'],
    ['b', 'Bookings'],
    ['c', 'Customers'],
  ]) {
    await page.keyboard.press('g')
    await page.keyboard.press(key)
    await page.getByRole('table', { name: table }).getByRole('row').nth(3).waitFor()
  }
  await page.goto('/system/acts')
  await page.getByRole('row').filter({ hasText: 'the browser test looks on' }).first().waitFor()
}

/** A refusal that no further try would change. */
const REFUSED = { status: 400, path: 'checkout/sessions', times: 1 }
/** Further than the other journeys book. */
const DAYS_AHEAD = 120

/** A payment page that could not be made is ordered again, and arrives on its booking. */
export async function redriveDeadLetter({ page, demo, tenant }) {
  await fault(demo, { stripe: REFUSED })
  const booked = await command(demo, tenant.api_key, 'create-booking', {
    source: 'ai_chat',
    customer: {
      first_name: 'Dana',
      last_name: 'Letter',
      phone: '+12135550144',
      email: `dana.${Date.now()}@example.com`,
    },
    booking: {
      date: inDays(DAYS_AHEAD + (Math.floor(Date.now() / 1000) % 200)),
      slot: '12:00',
      address: '1 Example Street, Los Angeles, CA 90026',
      party: { adults: 11, kids: 0 },
      menu: [],
    },
    payment_preference: 'stripe_checkout',
  })
  if (booked.status !== 200) throw new Error(JSON.stringify(booked.body))
  await page.goto('/system/outbox?state=dead')
  const row = page.getByRole('row').filter({ hasText: 'Dead' })
  await row.first().waitFor()
  await page.getByRole('button', { name: 'Send the failed again' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('the provider is well again')
  await dialog.getByRole('button', { name: 'Send the failed again' }).click()
  await row.first().waitFor({ state: 'detached' })
  await page.goto(`/bookings?panel=booking.${booked.body.aggregate_id}`)
  const record = page.getByRole('complementary', { name: 'Booking' })
  await record.getByRole('link', { name: 'Open', exact: true }).waitFor()
}

/** From one event to everything that belongs to it. */
export async function followTrace({ page }) {
  await page.goto('/system/events?type=MessageAccepted')
  await page.getByRole('button', { name: 'MessageAccepted' }).first().click()
  await page.getByRole('button', { name: 'Follow what belongs together' }).click()
  const trace = page.getByRole('region', { name: 'One intent' })
  await trace
    .getByText(/^(send-message|accept-suggestion)$/)
    .first()
    .waitFor()
  await trace.getByText('Effect', { exact: true }).first().waitFor()
  await trace.getByText('Webhook: Twilio').first().waitFor()
  await trace.getByRole('link').first().click()
  await page.getByRole('dialog', { name: 'Message' }).getByText('Attempts').first().waitFor()
}
