// Somebody types into a form of the settings while somebody else saves: nothing that was typed is lost, and nothing of theirs.
import { strict as assert } from 'node:assert'

/** Another person's command, from another window. */
async function meanwhile(page, name, body) {
  const status = await page.evaluate(
    async ([name, body]) => {
      const response = await fetch(`/commands/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
        body: JSON.stringify(body),
      })
      return `${response.status} ${response.ok ? '' : await response.text()}`
    },
    [name, body],
  )
  assert.ok(status.startsWith('200'), `${name}: ${status}`)
}

async function tenant(page) {
  return page.evaluate(async () => (await (await fetch('/queries/tenant')).json()).item)
}

const PATIENCE_MS = 10_000

/** The tenant once it is so; what was saved can be read a moment later. */
async function tenantOnce(page, isSo) {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await tenant(page)
    if (isSo(found)) return found
    assert.ok(Date.now() < until, `it never came: ${JSON.stringify(found.settings.senders)}`)
    await page.waitForTimeout(100)
  }
}

export async function keepDrafts({ page }) {
  await page.goto('/settings/business')
  const name = page.getByLabel('Name in e-mails')
  await name.waitFor()
  const before = await tenant(page)
  const mine = `Hibachi ${Date.now()}`
  await name.fill(mine)
  const hold_hours = before.settings.hold_hours - 1
  await meanwhile(page, 'update-settings', { hold_hours })
  const note = page.getByText('Somebody else has just saved')
  await note.waitFor()
  assert.equal(await name.inputValue(), mine, 'what was typed is kept')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('They changed other things than you').waitFor()
  await page.getByRole('button', { name: 'Save this' }).click()
  await page.getByText('Saved', { exact: true }).first().waitFor()
  const after = await tenantOnce(page, (found) => found.settings.senders.email_name === mine)
  assert.equal(after.settings.hold_hours, hold_hours, 'theirs is kept as well')
  await clash(page, after.price_book)
  await meanwhile(page, 'update-settings', {
    hold_hours: before.settings.hold_hours,
    senders: before.settings.senders,
  })
}

/** Both change the same price: one chooses. */
async function clash(page, book) {
  await page.goto('/settings/prices')
  const adult = page.getByLabel('For an adult', { exact: true })
  await adult.waitFor()
  await adult.fill('61.00')
  await meanwhile(page, 'set-price-book', { ...book, adult_minor: 6_200 })
  await page.getByText('Somebody else has just saved').waitFor()
  assert.equal(await adult.inputValue(), '61.00', 'what was typed is kept')
  await page.getByRole('button', { name: 'Compare' }).click()
  await page.getByRole('radio', { name: /: Theirs$/ }).check()
  await page.getByRole('button', { name: 'Save this' }).click()
  await page.getByText('Saved', { exact: true }).first().waitFor()
  await tenantOnce(page, (found) => found.price_book.adult_minor === 6_200)
  await meanwhile(page, 'set-price-book', book)
}
