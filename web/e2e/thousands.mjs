// A long list: the first rows are there at once, and scrolling never holds the browser up.
import { strict as assert } from 'node:assert'

/** From the answer's first byte to rows on the screen; the machine's pace of tests is not that of a person's. */
const FIRST_ROWS_MS = 300
const LONGEST_TASK_MS = 50
/** Screens that are scrolled through. */
const SCREENS = Number(process.env.RAPPORT_E2E_SCREENS ?? 40)
const PAUSE_MS = 60

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
  console.log(`   first rows after ${first} ms, ${reached} rows down, longest task ${longest} ms`)
  assert.ok(reached > SCREENS * 5, `scrolled to row ${reached} only`)
  if (process.env.RAPPORT_E2E_STRICT) {
    assert.ok(first <= FIRST_ROWS_MS, `first rows after ${first} ms, ${FIRST_ROWS_MS} allowed`)
    assert.ok(longest <= LONGEST_TASK_MS, `a task of ${longest} ms, ${LONGEST_TASK_MS} allowed`)
  }
}
