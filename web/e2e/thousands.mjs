// A long list: the first rows are there at once, and scrolling never holds the browser up.
import { strict as assert } from 'node:assert'

/** From the answer's first byte to rows on the screen; the machine's pace of tests is not that of a person's. */
const FIRST_ROWS_MS = 300
const LONGEST_TASK_MS = 50
/** Screens that are scrolled through. */
const SCREENS = Number(process.env.RAPPORT_E2E_SCREENS ?? 40)
const PAUSE_MS = 60
/** Rows of one page of the list, and the most bytes that one may take on the wire. */
const PAGE_ROWS = 100
const MAX_ROW_BYTES = 800
/** Pages beyond those that are seen: the one that is fetched ahead, and the first ones, asked for once more. */
const SPARE_PAGES = 4
/** What asking again may take for each page that has not changed. */
const MAX_SAME_BYTES = 1_500

export async function scrollThousands({ page, tenant }) {
  if (!tenant) throw new Error('there is no tenant')
  // What is measured is the table, not how the program is loaded.
  await page.goto('/bookings')
  await page.getByRole('table', { name: 'Bookings' }).waitFor()
  await page.evaluate(() => {
    window.tasks = []
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.tasks.push(Math.round(entry.duration))
    }).observe({ type: 'longtask' })
  })
  const wire = await watch(page)
  const first = await page.evaluate(async () => {
    const began = performance.now()
    document.querySelector('nav a[href="/customers"]').click()
    const isThere = () => document.querySelectorAll('[aria-label=Customers] [role=row]').length > 10
    while (!isThere()) await new Promise(requestAnimationFrame)
    return Math.round(performance.now() - began)
  })
  await page.evaluate(() => (window.tasks.length = 0))
  const reached = await page.evaluate(
    async ([screens, pause]) => {
      const table = document.querySelector('[aria-label=Customers]').parentElement
      for (let screen = 0; screen < screens; screen += 1) {
        for (let step = 0; step < 6; step += 1) {
          table.scrollBy(0, table.clientHeight / 6)
          await new Promise(requestAnimationFrame)
        }
        await new Promise((done) => setTimeout(done, pause))
      }
      const rows = [...document.querySelectorAll('[aria-label=Customers] [data-index]')]
      return Math.max(...rows.map((row) => Number(row.dataset.index)))
    },
    [SCREENS, PAUSE_MS],
  )
  const longest = await page.evaluate(() => Math.max(0, ...window.tasks))
  const pages = Math.ceil(reached / PAGE_ROWS) + SPARE_PAGES
  assert.ok(wire.requests <= pages, `${wire.requests} requests for ${reached} rows, ${pages} allowed`)
  const most = pages * PAGE_ROWS * MAX_ROW_BYTES
  assert.ok(wire.bytes <= most, `${wire.bytes} bytes for ${reached} rows, ${most} allowed`)
  console.log(`   ${wire.requests} requests, ${wire.bytes} bytes`)
  await changeOne(page, wire, pages)
  console.log(`   first rows after ${first} ms, ${reached} rows down, longest task ${longest} ms`)
  assert.ok(reached > SCREENS * 5, `scrolled to row ${reached} only`)
  if (process.env.RAPPORT_E2E_STRICT) {
    assert.ok(first <= FIRST_ROWS_MS, `first rows after ${first} ms, ${FIRST_ROWS_MS} allowed`)
    assert.ok(longest <= LONGEST_TASK_MS, `a task of ${longest} ms, ${LONGEST_TASK_MS} allowed`)
  }
}

/** Counts what the list takes on the wire. */
async function watch(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  const asked = new Set()
  const wire = { requests: 0, bytes: 0, under: 0 }
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    if (!request.url.includes('/queries/customers?')) return
    asked.add(requestId)
    wire.requests += 1
    wire.under += 1
  })
  const end = ({ requestId, encodedDataLength = 0 }) => {
    if (!asked.delete(requestId)) return
    wire.bytes += encodedDataLength
    wire.under -= 1
  }
  session.on('Network.loadingFinished', end)
  session.on('Network.loadingFailed', end)
  return wire
}

/** One customer changes: what is on screen is asked again, and what is the same is not sent again. */
async function changeOne(page, wire, pages) {
  Object.assign(wire, { requests: 0, bytes: 0 })
  const tag = `seen-${Date.now()}`
  await page.evaluate(async (tag) => {
    const found = await (await fetch('/queries/customers?limit=1')).json()
    await fetch('/commands/tag-customer', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
      body: JSON.stringify({ customer_id: found.items[0].customer_id, tag }),
    })
  }, tag)
  const until = Date.now() + 20_000
  let quiet = 0
  while (quiet < 5 && Date.now() < until) {
    await page.waitForTimeout(100)
    quiet = wire.under === 0 && wire.requests > 1 ? quiet + 1 : 0
  }
  console.log(`   after a change: ${wire.requests} requests, ${wire.bytes} bytes`)
  const most = PAGE_ROWS * MAX_ROW_BYTES + 2 * pages * MAX_SAME_BYTES
  assert.ok(wire.requests > 1, 'a change is asked for')
  assert.ok(wire.requests <= 2 * pages, `${wire.requests} requests after one change`)
  assert.ok(wire.bytes <= most, `${wire.bytes} bytes after one change, ${most} allowed`)
}
