// Two records of one person become one, and two again.
import { command, rows } from './sandbox.mjs'

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

/** Two people correct the same record at once: nobody overwrites the other unseen. */
export async function chooseInConflict({ page, demo, tenant }) {
  const [{ customer_id }] = await rows(demo, tenant.api_key, 'customers?search=Original&limit=1')
  await page.goto(`/customers/${customer_id}`)
  await page.getByRole('button', { name: 'Edit', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('First name').fill('Kimberly')
  await dialog.getByLabel('Address').fill('1 Mine Street, Los Angeles, CA 90026')
  const theirs = await command(demo, tenant.api_key, 'update-customer', {
    customer_id,
    first_name: 'Kimmy',
    last_name: 'Changed',
  })
  if (theirs.status !== 200) throw new Error(JSON.stringify(theirs.body))
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await dialog.getByText('Somebody changed this while you did').waitFor()
  await dialog.getByLabel('First name: Theirs').check()
  await dialog.getByRole('button', { name: 'Save this' }).click()
  await dialog.waitFor({ state: 'detached' })
  // Theirs where it was chosen, theirs where only they changed it, mine where only I did.
  await page.getByRole('heading', { name: 'Kimmy Changed' }).waitFor()
  await page.getByText('1 Mine Street, Los Angeles, CA 90026').first().waitFor()
}

/** What each event changed, and the record as it was before it. */
export async function travelInTime({ page }) {
  await page
    .getByRole('button', { name: /^What changed/ })
    .first()
    .click()
  await page.getByRole('row').filter({ hasText: '1 Mine Street' }).waitFor()
  const slider = page.getByRole('slider', { name: 'Back in time' })
  await slider.focus()
  await page.keyboard.press('ArrowLeft')
  await page.getByText('You are looking at the past').waitFor()
  await page.keyboard.press('ArrowLeft')
  await page.getByRole('heading', { name: 'Kim Original' }).waitFor()
  await page.getByRole('button', { name: 'Now', exact: true }).click()
  await page.getByRole('heading', { name: 'Kimmy Changed' }).waitFor()
}
