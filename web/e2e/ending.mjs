// The owner takes the business away, asks for its end, is warned on every page of the settings, and takes it back.
import { strict as assert } from 'node:assert'
import { stat } from 'node:fs/promises'
import { totp } from './sign_in.mjs'

export async function takeTheBusinessAway({ page, tenant }) {
  await page.goto('/settings/danger')
  await page.getByRole('button', { name: 'Take your data with you…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Take your data with you' })
  await dialog.getByText('What is personal stays locked in it').waitFor()
  const coming = page.waitForEvent('download')
  await dialog.getByRole('button', { name: 'Download' }).click()
  await giveFactor(page, tenant, coming)
  const download = await coming
  assert.ok(download.suggestedFilename().startsWith(`${tenant.slug}-`), download.suggestedFilename())
  assert.equal(await download.failure(), null)
  const { size } = await stat(await download.path())
  assert.ok(size > 100_000 && size % 512 === 0, `${size} bytes`)
}

/** Gives the second factor once more where it is asked for before the other thing happens. */
async function giveFactor(page, tenant, otherwise) {
  const code = page.getByRole('dialog').getByRole('textbox', { name: /code/i })
  await Promise.race([code.waitFor(), otherwise])
  if (!(await code.isVisible())) return
  await code.fill(totp(tenant.admin.totp_secret))
  await code.press('Enter')
}

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
  await giveFactor(page, tenant, warning.waitFor())
  await warning.waitFor()
  await page.goto('/settings/prices')
  await warning.waitFor()
  await page.goto('/settings/danger')
  await page.getByRole('button', { name: 'Keep the business' }).click()
  await warning.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Delete this business…' }).waitFor()
}
