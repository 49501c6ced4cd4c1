// Two records of one person become one, and two again.

export async function mergeAndUnmerge({ page }) {
  for (const name of ['Kim Original', 'Kim Duplicate']) {
    await page.goto('/customers?panel=new-customer')
    const [first, last] = name.split(' ')
    await page.locator('input[name=first_name]').fill(first)
    await page.locator('input[name=last_name]').fill(last)
    await page.locator('input[name=email]').fill(`${last.toLowerCase()}.${Date.now()}@example.com`)
    await page.locator('input[name=phone]').fill('(213) 555-0143')
    await page.getByRole('complementary').getByRole('button', { name: 'New customer' }).click()
    await page.getByRole('heading', { name }).waitFor()
  }
  const panel = page.getByRole('complementary', { name: 'Customer' })
  await panel.getByRole('button', { name: 'Merge…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Find the other record').fill('Kim Original')
  await dialog.getByRole('button', { name: 'What becomes of them' }).first().click()
  await dialog.getByText('Becomes part of it').waitFor()
  await dialog.getByRole('button', { name: 'Merge', exact: true }).click()
  await panel.getByText('Merged from 2 records').waitFor()
  await panel.getByRole('button', { name: 'Undo the merge' }).click()
  await dialog.getByRole('button', { name: 'Undo the merge' }).click()
  await panel.getByText('Merged from 2 records').waitFor({ state: 'detached' })
}
