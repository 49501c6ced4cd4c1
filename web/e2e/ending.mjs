// The owner asks for the end of the business, is warned on every page of the settings, and takes it back.
import { strict as assert } from 'node:assert'
import { totp } from './sign_in.mjs'

export async function askForTheEndAndTakeItBack({ page, tenant }) {
  await page.goto('/settings/danger')
  await page.getByRole('button', { name: 'Delete this business…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete this business' })
  const go = dialog.getByRole('button', { name: 'Schedule the deletion' })
  await dialog.getByLabel(/Short name/).fill('another')
  assert.ok(await go.isDisabled(), 'another name is not this one')
  await dialog.getByLabel(/Short name/).fill(tenant.slug)
  await go.click()
  const warning = page.getByText('This business is going to be deleted')
  const code = page.getByRole('dialog').getByRole('textbox', { name: /code/i })
  await Promise.race([code.waitFor(), warning.waitFor()])
  if (await code.isVisible()) {
    await code.fill(totp(tenant.admin.totp_secret))
    await code.press('Enter')
  }
  await warning.waitFor()
  await page.goto('/settings/prices')
  await warning.waitFor()
  await page.goto('/settings/danger')
  await page.getByRole('button', { name: 'Keep the business' }).click()
  await warning.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Delete this business…' }).waitFor()
}
