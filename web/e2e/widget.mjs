// The chat widget on a page of somebody else's, in a real browser: one script tag, another origin, and a policy that allows
// nothing but the widget. RAPPORT_WIDGET is {base_url, tenant, key, port}; CHROMIUM the browser.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { chromium } from 'playwright-core'

/** The longest wait for one thing to appear. */
const PATIENCE_MS = 20_000
const LOOK_EVERY_MS = 50

const { base_url: base, tenant, key, port } = JSON.parse(process.env.RAPPORT_WIDGET ?? '{}')
const policy = `default-src 'none'; script-src ${base}; connect-src ${base}`
const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title><h1>A shop</h1>
<script src="${base}/chat/widget.js" data-tenant="${tenant}" defer></script></html>`
const shop = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy })
  response.end(html)
})
await new Promise((listening) => shop.listen(port, '127.0.0.1', listening))

async function staff(path, body) {
  const headers = { authorization: `Bearer ${key}` }
  const order = { ...headers, 'content-type': 'application/json', 'idempotency-key': randomUUID() }
  const how = body ? { method: 'POST', headers: order, body: JSON.stringify(body) } : { headers }
  const response = await fetch(`${base}${path}`, how)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}
async function until(what, ask) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    const answer = await ask()
    if (answer) return answer
    await pause(LOOK_EVERY_MS)
  }
  throw new Error(`waited in vain until ${what}`)
}
const thread = async (id) => (await staff(`/queries/thread?id=${id}`)).item
const say = (threadId, content) =>
  staff('/commands/send-message', { thread_id: threadId, content, sender_type: 'human', sender_id: 'kim' })

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  // Inside of containers nobody is allowed to make the sandbox; the pages are our own.
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
})
try {
  const context = await browser.newContext({ locale: 'en-US' })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    const isOffline = message.text().includes('ERR_INTERNET_DISCONNECTED')
    const isShopsOwn = message.text().includes('favicon')
    if (message.type() === 'error' && !isOffline && !isShopsOwn) complaints.push(message.text())
  })
  await page.goto(`http://127.0.0.1:${port}/`)
  const log = page.getByRole('log', { name: 'Messages' })
  const box = page.getByRole('textbox', { name: 'Message' })

  // The visitor writes, and staff see who it is.
  await page.getByRole('button', { name: 'Chat with us' }).click()
  await page.getByRole('textbox', { name: 'Name (optional)' }).fill('Ada Lovelace')
  await box.fill('Is Saturday free?')
  await box.press('Enter')
  await log.getByText('Is Saturday free?').waitFor()
  const found = await until('the message is in the inbox', async () => {
    const inbox = await staff('/queries/inbox')
    return inbox.items.find((item) => item.last_message === 'Is Saturday free?')
  })
  if (found.channel !== 'web_chat') throw new Error(`it came by ${found.channel}`)

  // The answer appears by itself, as text and nothing else, and staff see that it was read.
  const markup = '<img src=x onerror="window.marked = true"> It is.'
  await say(found.thread_id, markup)
  await log.getByText(markup).waitFor()
  await until('staff see that it was read', async () => {
    const { messages } = await thread(found.thread_id)
    return messages.some((message) => message.content === markup && message.status === 'read')
  })
  if (await page.evaluate(() => window.marked || document.images.length > 0))
    throw new Error('an answer became markup')

  // What is written without a connection goes once there is one again, and once.
  await context.setOffline(true)
  await box.fill('At six?')
  await box.press('Enter')
  await log.getByText('Sending…').waitFor()
  await context.setOffline(false)
  await log.getByText('Sending…').waitFor({ state: 'detached' })
  const { messages } = await until('it has come', async () => {
    const shown = await thread(found.thread_id)
    return shown.messages.some((message) => message.content === 'At six?') && shown
  })
  if (messages.filter((message) => message.content === 'At six?').length !== 1)
    throw new Error('it came twice')

  // Another page, the same chat; a closed one counts what it has not shown.
  await page.reload()
  const closed = page.getByRole('log', { name: 'Messages', includeHidden: true })
  await until('the history is there again', () => closed.getByText('At six?').count())
  await say(found.thread_id, 'Six is fine.')
  await page.getByRole('button', { name: 'Chat with us (1 new)' }).click()
  await log.getByText('Six is fine.').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Chat with us', exact: true }).waitFor()

  // A browser that has not written sees nothing of it.
  const stranger = await browser.newContext()
  const other = await stranger.newPage()
  await other.goto(`http://127.0.0.1:${port}/`)
  await other.getByRole('button', { name: 'Chat with us' }).click()
  await other.getByRole('textbox', { name: 'Message' }).waitFor()
  const lines = await other.getByRole('log', { name: 'Messages' }).innerText()
  if (lines.trim() !== '') throw new Error(`a stranger sees ${lines}`)
  if (complaints.length > 0) throw new Error(`the browser complains: ${complaints.join('\n')}`)
  console.log('ok')
} finally {
  await browser.close()
  shop.close()
}
