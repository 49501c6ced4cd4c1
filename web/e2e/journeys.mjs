// A journey is written, put right where it is wrong, enabled, and a new customer goes through it.
export async function writeJourney({ page }) {
  await page.goto('/journeys')
  await page.getByRole('button', { name: 'New journey' }).click()
  const name = `welcome-${Date.now()}`
  const editor = page.getByRole('textbox', { name: 'Definition' })
  const source = (tag) =>
    `journey: ${name}\nversion: 1\ntrigger: { event: LeadCreated }\nsteps:\n  - ${tag}: welcomed\n  - wait: { for: 2d }\n`
  await editor.fill(source('tagg'))
  await page.getByRole('button', { name: 'Save version' }).click()
  await page
    .getByText(/line 5, column 5/)
    .first()
    .waitFor()
  await editor.fill(source('tag'))
  await page.getByRole('button', { name: 'Save version' }).click()
  await page.getByRole('heading', { name }).waitFor()
  await page.getByRole('button', { name: 'Enable', exact: true }).click()
  await page.getByText('Version 1 is enabled').waitFor()
  const status = await page.evaluate(async (key) => {
    const response = await fetch('/commands/create-lead', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ source: 'web', first_name: 'Robin', email: `${key}@example.com` }),
    })
    return `${response.status} ${response.ok ? '' : await response.text()}`
  }, name)
  if (!status.startsWith('200')) throw new Error(`the lead: ${status}`)
  await page.getByRole('button', { name: 'Steps', exact: true }).click()
  await page.getByRole('table', { name: 'Steps taken' }).getByText('Tagged').waitFor()
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click()
  await page.getByText('Stopped by hand').waitFor()
}
