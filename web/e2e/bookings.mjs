// A booking from an empty form to a paid deposit, which arrives while one looks at it.

/** Far enough that the demo has booked nothing there. */
const DAYS_AHEAD = 80

/** Told apart from those of earlier runs on the same demo. */
export const GUEST = `Browser${Date.now().toString(36)}`

export function inDays(days) {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
}

export async function bookAndPay({ page }) {
  await page.goto('/bookings')
  await page.getByRole('table', { name: 'Bookings' }).waitFor()
  await page.keyboard.press('n')
  const panel = page.getByRole('complementary', { name: 'New booking' })
  const field = (label) => panel.getByLabel(label, { exact: false }).first()
  await field('First name').fill('Robin')
  await field('Last name').fill(GUEST)
  await panel.locator('input[name=email]').fill(`robin.${Date.now()}@example.com`)
  await field('Phone').fill('(213) 555-0142')
  await field('Date').fill(inDays(DAYS_AHEAD))
  await panel.getByText(/^18:00/).click()
  await field('Address').fill('1 Example Street, Los Angeles, CA 90026')
  await field('Adults').fill('11')
  await field('Kids').fill('2')
  // The server's own price, before anything is written.
  await panel.getByText('$665.00').waitFor()
  await panel.getByRole('button', { name: 'New booking' }).click()
  const record = page.getByRole('complementary', { name: 'Booking' })
  await record.getByText('Deposit pending').waitFor()
  const link = record.getByRole('link', { name: 'Open', exact: true })
  await link.waitFor()
  const response = await fetch(`${await link.getAttribute('href')}/pay`, {
    method: 'POST',
    redirect: 'manual',
  })
  if (response.status >= 400) throw new Error(`the sandbox's payment page: ${response.status}`)
  // No reload: the webhook, the command, the projection and the stream bring it.
  await record.getByText('Confirmed').waitFor()
  await record.getByText('$565.00').waitFor()
}
