// A customer writes something that the assistant cannot know; it comes to people by itself, is answered by one of them,
// and the answer arrives on the phone.

const PHONE = '+12135550177'

async function write(demo, body) {
  const phones = await (await fetch(`${demo.sandbox_url}/sandbox/texts`)).json()
  const business = phones.texts?.find((text) => text.direction === 'out')?.from ?? '+12135550100'
  const response = await fetch(`${demo.sandbox_url}/sandbox/texts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: PHONE, to: business, body }),
  })
  if (!response.ok) throw new Error(`the sandbox's phone: ${response.status} ${await response.text()}`)
}

export async function answer({ page, demo }) {
  await page.goto('/inbox')
  await page.getByRole('region', { name: 'Threads' }).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  const question = `Is there parking ${Date.now()}?`
  await write(demo, question)
  // No reload: the stream brings it.
  await page.getByRole('region', { name: 'Threads' }).getByText('a colleague').first().click()
  await page.getByRole('log').getByText(question).waitFor()
  await page.keyboard.press('r')
  const box = page.getByPlaceholder('Reply by SMS')
  await page.getByRole('button', { name: 'Send as me' }).and(page.locator(':disabled')).waitFor()
  const words = `Yes, right at the door ${Date.now()}.`
  await box.fill(words)
  await box.press('Control+Enter')
  const bubble = page.getByRole('article').filter({ hasText: words })
  await bubble.getByText('Delivered').waitFor()
  await page.getByRole('button', { name: 'Assign to me' }).click()
  await page.getByRole('button', { name: 'Give it back' }).click()
  await page.getByRole('button', { name: 'Assign to me' }).waitFor()
}
