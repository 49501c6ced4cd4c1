// A file of customers comes in, is looked through, run and taken back; and many customers are tagged at once.
import { Buffer } from 'node:buffer'

export async function importCustomers({ page }) {
  const stamp = Date.now()
  const file = `Name,E-mail,Phone\nIris Stone,iris.${stamp}@example.com,\nOtto Stone,otto.${stamp}@example.com,\nNobody,not an address,\n`
  await page.goto('/customers/imports')
  await page.locator('input[type=file]').setInputFiles({
    name: `guests-${stamp}.csv`,
    mimeType: 'text/csv',
    buffer: Buffer.from(file),
  })
  await page.getByRole('heading', { name: `guests-${stamp}.csv` }).waitFor()
  await page.getByRole('button', { name: 'New: 2' }).waitFor()
  await page.getByRole('button', { name: 'Refused: 1' }).click()
  await page.getByText('an e-mail address looks like').first().waitFor()
  await page.getByLabel('Tag everybody with').fill(`import-${stamp}`)
  await page.getByRole('button', { name: 'Start the import' }).click()
  await page.getByText('Created: 2').waitFor()
  await page.getByText('Failed: 1').waitFor()
  await page.getByRole('button', { name: 'Undo the import' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Undo the import' }).click()
  await page.getByText('Undone: 2').waitFor()
}

export async function tagMany({ page }) {
  await page.goto('/customers')
  const ticks = page.getByRole('checkbox', { name: /^Select (?!all)/ })
  await ticks.nth(0).check()
  await ticks.nth(1).check()
  const bar = page.getByRole('region', { name: 'Selected customers' })
  await bar.getByText('2 selected').waitFor()
  await bar.getByRole('button', { name: 'Tag', exact: true }).click()
  const tag = `many-${Date.now()}`
  await page.getByRole('textbox', { name: 'Tag' }).fill(tag)
  await page.keyboard.press('Enter')
  await bar.getByText('2 changed').waitFor()
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('menuitem', { name: 'Save this view' }).click()
  await page.getByLabel('Name of the view').fill(tag)
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await page.getByText('The view is saved.').waitFor()
}

// All that match are done in the background: the bar shows how far, and the run stands on a page of its own.
export async function tagAllInBackground({ page }) {
  await page.goto('/customers')
  await page
    .getByRole('checkbox', { name: /^Select (?!all)/ })
    .first()
    .check()
  const bar = page.getByRole('region', { name: 'Selected customers' })
  await bar.getByRole('button', { name: 'Select all that match' }).click()
  await bar.getByRole('button', { name: 'Tag', exact: true }).click()
  const tag = `everybody-${Date.now()}`
  await page.getByRole('textbox', { name: 'Tag' }).fill(tag)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByRole('button', { name: 'Change them all' }).click()
  await bar.getByText('Finished').waitFor()
  await bar.getByRole('link', { name: 'Show the run' }).click()
  await page.getByRole('heading', { name: `Tag customer: ${tag}` }).waitFor()
  await page.getByRole('button', { name: 'All bulk runs' }).click()
  await page.getByRole('table').or(page.getByRole('grid')).getByText(`Tag customer: ${tag}`).waitFor()
}
