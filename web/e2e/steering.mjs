// What operators steer: a projection read again and rolled back, a destination slowed down, past events sent again.

/** Small, so that it is soon done. */
const PROJECTION = 'templates'
/** Always there; so many a second slow nothing down. */
const TARGET = 'timer'
const RATE = 500

async function more(page, name) {
  await page
    .getByRole('button', { name: `More actions: ${name}`, exact: true })
    .first()
    .click()
}

export async function rewindProjection({ page }) {
  await page.goto('/system/projections')
  await more(page, PROJECTION)
  await page.getByRole('menuitem', { name: 'Read again from a position' }).click()
  const dialog = page.getByRole('dialog')
  const go = dialog.getByRole('button', { name: 'Read again from a position' })
  await dialog.getByLabel('Reason').fill('the browser test reads again')
  await dialog.getByLabel('Position').fill('not a position')
  if (await go.isEnabled()) throw new Error('a position that is none is taken')
  await dialog.getByLabel('Position').fill('0')
  await go.click()
  await dialog.waitFor({ state: 'detached' })
  await page.goto('/system/acts')
  await page.getByRole('row').filter({ hasText: 'the browser test reads again' }).first().waitFor()
  // It is read to its end again, and nothing is there twice.
  await page.goto('/settings/templates')
  await page
    .getByText(/review.request/i)
    .first()
    .waitFor()
}

export async function rollBack({ page }) {
  await page.goto('/system/projections')
  const row = page.getByRole('row').filter({ hasText: PROJECTION })
  await row.getByRole('button', { name: 'Rebuild' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('the browser test rebuilds first')
  await dialog.getByRole('button', { name: 'Rebuild' }).click()
  await dialog.waitFor({ state: 'detached' })
  // What is rolled back to is there once the rebuilt tables have taken their place.
  for (let attempt = 1; ; attempt += 1) {
    await more(page, PROJECTION)
    await page.getByRole('menuitem', { name: 'Roll back' }).click()
    await dialog.getByLabel('Reason').fill('the browser test goes back')
    await dialog.getByRole('button', { name: 'Roll back' }).click()
    const gone = dialog.waitFor({ state: 'detached', timeout: 5_000 })
    if (await gone.then(() => true).catch(() => false)) break
    if (attempt === 8) throw new Error('it is never rolled back')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  }
  await page.goto('/system/acts')
  await page.getByRole('row').filter({ hasText: 'the browser test goes back' }).first().waitFor()
}

export async function limitDestination({ page }) {
  await page.goto('/system/destinations')
  await more(page, TARGET)
  await page.getByRole('menuitem', { name: 'Set limits' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Messages a second').fill(String(RATE))
  await dialog.getByLabel('Reason').fill('the browser test slows down')
  await dialog.getByRole('button', { name: 'Set limits' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByText(`${RATE} a second`).first().waitFor()
}

export async function replayWebhooks({ page }) {
  await page.goto('/settings/webhooks')
  await page.getByRole('button', { name: 'Add an endpoint' }).click()
  const url = `https://hooks-${Date.now()}.example.com/rapport`
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Address' }).fill(url)
  await dialog.getByRole('textbox', { name: 'Events' }).fill('*')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  await more(page, url)
  await page.getByRole('menuitem', { name: 'Send past events again' }).click()
  await dialog
    .getByRole('status')
    .filter({ hasText: /events would be sent/ })
    .waitFor()
  await dialog.getByLabel('Messages a second').fill('1')
  await dialog.getByRole('button', { name: 'Send again' }).click()
  await page.getByText('They are being queued').waitFor()
  await dialog.getByRole('button', { name: 'Stop it' }).first().click()
  await page.getByText('No more are queued').waitFor()
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
  await more(page, url)
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText(url).waitFor({ state: 'detached' })
}
