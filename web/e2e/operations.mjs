// A projection is rebuilt while somebody works; nothing is missing in between.

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
