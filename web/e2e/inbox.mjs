// A customer writes something that the assistant cannot know; it comes to people by itself, is answered by one of them,
// and the answer arrives on the phone.
import { text } from './sandbox.mjs'

const PHONE = '+12135550177'

export async function answer({ page, demo }) {
  await page.goto('/inbox')
  await page.getByRole('region', { name: 'Threads' }).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  const question = `Is there parking ${Date.now()}?`
  await text(demo, PHONE, question)
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

/** Another phone for every run, so that its thread is a new one. */
const ANOTHER = `+1213555${String(1000 + (Date.now() % 9000))}`

export async function acceptSuggestion({ page, demo }) {
  await text(demo, ANOTHER, 'Hello!')
  await page.goto('/inbox?status=all')
  await page.getByText('Live', { exact: true }).waitFor()
  await page.getByRole('region', { name: 'Threads' }).getByText(ANOTHER).click()
  await page.getByRole('combobox', { name: 'AI', exact: true }).click()
  await page.getByRole('option', { name: 'AI suggests' }).click()
  await page.getByText('Changed for this thread').first().waitFor()
  await text(demo, ANOTHER, 'What does a party for 14 adults in 90026 cost?')
  // The suggestion comes by itself, and says on what it rests.
  const card = page.getByRole('region', { name: 'The assistant suggests' })
  await card.getByText('$770.00').waitFor()
  await card.getByText('What it rests on').click()
  await card.getByText(/Asks for price/).waitFor()
  await card.getByRole('button', { name: 'Use this', exact: true }).click()
  await card.waitFor({ state: 'detached' })
  const sent = page.getByRole('article').filter({ hasText: '$770.00' })
  await sent.getByText('Delivered').waitFor()
  await sent.getByRole('button', { name: 'Why were we allowed to send this?' }).click()
  await page.getByText('Allowed as an answer to the customer').waitFor()
  await page.keyboard.press('Escape')
}

export async function resumeAfterSleep({ page, context, demo }) {
  await page.goto('/inbox?status=all')
  await page.getByText('Live', { exact: true }).waitFor()
  await context.setOffline(true)
  const note = page.getByRole('alert').filter({ hasText: 'Not live since' })
  await note.waitFor()
  const words = `Written while you slept ${Date.now()}`
  await text(demo, ANOTHER, words)
  await context.setOffline(false)
  // No reload: it listens again by itself, and asks for what it has missed.
  await page.getByText('Live', { exact: true }).waitFor()
  await note.waitFor({ state: 'detached' })
  await page.getByText(words).first().waitFor()
}
