// A booking is dragged to another time, and put back with the keyboard.
import { GUEST, inDays } from './bookings.mjs'

export async function reschedule({ page }) {
  await page.goto(`/schedule?from=${inDays(80)}`)
  const booking = page.locator('[data-booking]').filter({ hasText: GUEST })
  await booking.waitFor()
  const row = page.getByRole('row').filter({ has: booking })
  const target = row.locator('[data-place$=" 15:00"]').last()
  const place = await target.getAttribute('data-place')
  await booking.dragTo(target)
  const question = page.getByRole('dialog')
  await question.getByText(GUEST).waitFor()
  await question.getByRole('button', { name: 'Move' }).click()
  await question.waitFor({ state: 'detached' })
  const [, date] = place.split(' ')
  // It stands where it was put, and where it was is free again.
  await page.locator(`[data-place="${place}"]`).waitFor({ state: 'detached' })
  const moved = page.locator('[data-booking]').filter({ hasText: GUEST })
  await moved.getByText('15:00').waitFor()
  await moved.focus()
  await page.keyboard.press('m')
  const back = page.locator(`[data-place$="${date} 18:00"]`).last()
  await back.focus()
  await page.keyboard.press('Enter')
  await question.getByRole('button', { name: 'Move' }).click()
  await page.locator('[data-booking]').filter({ hasText: GUEST }).getByText('18:00').waitFor()
}
