// A person's data rests, is to be erased, comes back, and at last is gone: placeholders stand where the person was.
import { totp } from './sign_in.mjs'

/** Gives the second factor again where the page asks for it. */
async function confirmFactor(page, tenant, after) {
  const code = page.getByRole('dialog').getByRole('textbox', { name: /code/i })
  await Promise.race([code.waitFor(), after.waitFor()])
  if (await code.isVisible()) {
    await code.fill(totp(tenant.admin.totp_secret))
    await code.press('Enter')
  }
  await after.waitFor()
}

async function setErasureDays(page, days) {
  await page.evaluate(async (erasure_days) => {
    const response = await fetch('/commands/update-settings', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': globalThis.crypto.randomUUID() },
      body: JSON.stringify({ erasure_days }),
    })
    if (!response.ok) throw new Error(await response.text())
  }, days)
}

export async function eraseCustomer({ page, tenant }) {
  await page.goto('/customers?panel=new-customer')
  await page.locator('input[name=first_name]').fill('Vanishing')
  await page.locator('input[name=last_name]').fill('Person')
  await page.locator('input[name=email]').fill(`vanishing.${Date.now()}@example.com`)
  await page.getByRole('complementary').getByRole('button', { name: 'New customer' }).click()
  await page.getByRole('heading', { name: 'Vanishing Person' }).waitFor()
  const panel = page.getByRole('complementary', { name: 'Customer' })
  const erase = async (after) => {
    await panel.getByRole('button', { name: 'Erase…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Erase…' }).click()
    await confirmFactor(page, tenant, after)
  }
  await erase(panel.getByText('The data is erased in 30 days'))
  await panel.getByRole('heading', { name: 'restricted' }).waitFor()
  await panel.getByRole('button', { name: 'Cancel the erasure' }).click()
  await panel.getByRole('button', { name: 'Use it again' }).click()
  await panel.getByRole('heading', { name: 'Vanishing Person' }).waitFor()
  await setErasureDays(page, 0)
  await erase(panel.getByText('The data has been erased'))
  await panel.getByRole('heading', { name: 'erased' }).waitFor()
  await setErasureDays(page, 30)
}

export async function readAudit({ page }) {
  await page.goto('/audit?command=erase-subject')
  const row = page.getByRole('row', { name: /Erase subject/ }).first()
  await row.click()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download the proof' }).click()
  await download
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Proof', exact: true }).click()
  await page.getByText('Newest checkpoint').waitFor()
  await page.keyboard.press('Escape')
}

export async function tryTerms({ page }) {
  await page.goto('/settings/retention')
  const messages = page.getByLabel('Messages: Days')
  await messages.fill('400')
  await page.getByRole('button', { name: 'Preview' }).click()
  await page.getByText('As these terms would have it').waitFor()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('The terms are saved').waitFor()
  await page.getByText('As these terms would have it').waitFor({ state: 'detached' })
}
