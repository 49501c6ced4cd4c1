// Every page by axe, light and dark: nothing serious or critical.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SERIOUS = ['serious', 'critical']

async function pages(page, tenant) {
  const first = (path) =>
    page.evaluate(async (asked) => {
      const response = await fetch(asked)
      return (await response.json()).items[0]
    }, `/queries/${path}`)
  const { thread_id } = await first('inbox?limit=1')
  const { booking_id, customer_id } = await first('bookings?limit=1&status=confirmed')
  const { payment_id } = await first('payments-feed?limit=1')
  const { correlation_id } = await page.evaluate(
    async () =>
      (await (await fetch('/operations/events?event_type=MessageAccepted&limit=1')).json()).items[0],
  )
  if (!tenant) throw new Error('there is no tenant')
  return [
    `/inbox?status=all&thread=${thread_id}`,
    `/customers?panel=customer.${customer_id}`,
    `/customers/${customer_id}`,
    `/bookings?panel=booking.${booking_id}`,
    '/bookings?as=board',
    '/customers/imports',
    '/customers/runs',
    '/facts?view=all',
    '/journeys',
    '/journeys/new.journey',
    '/schedule',
    `/payments?panel=payment.${payment_id}`,
    '/approvals?standing=all',
    '/assistant',
    '/assistant/runs',
    '/assistant/limits',
    '/assistant/keys',
    '/figures',
    '/system',
    '/system/projections',
    '/system/parked',
    '/system/outbox',
    '/system/events',
    `/system/events?correlation=${correlation_id}`,
    '/settings',
    '/settings/prices',
    '/settings/templates',
    '/settings/people',
    '/settings/keys',
    '/settings/programs',
    '/settings/retention',
    '/settings/danger',
    '/audit',
    '/profile',
  ]
}

/** What axe finds on a page as it stands, light and dark. */
export async function judged({ page, context, name }) {
  const session = await context.newCDPSession(page)
  // The page's policy lets no script in but its own, so the judge comes in past it; it holds from the next document on.
  await session.send('Page.setBypassCSP', { enabled: true })
  await page.reload()
  const found = []
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const violations = await violationsOf(page)
    found.push(...violations.map((violation) => `${colorScheme} ${name} ${violation}`))
  }
  await session.send('Page.setBypassCSP', { enabled: false })
  return found
}

function violationsOf(page) {
  return page.evaluate(
    async ([source, levels]) => {
      if (!window.axe) (0, window.eval)(source)
      const result = await window.axe.run(document, { resultTypes: ['violations'] })
      return result.violations
        .filter((violation) => levels.includes(violation.impact))
        .map(
          ({ id, nodes }) =>
            `${id}: ${nodes
              .map((node) => node.target.join(' '))
              .slice(0, 4)
              .join(' | ')}`,
        )
    },
    [AXE, SERIOUS],
  )
}

export async function accessible({ page, context, tenant }) {
  const session = await context.newCDPSession(page)
  // The page's policy lets no script in but its own, so the judge comes in past it.
  await session.send('Page.setBypassCSP', { enabled: true })
  const found = []
  const all = await pages(page, tenant)
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const path of all) {
      await page.goto(path)
      await page.getByRole('heading').first().waitFor()
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
      const violations = await violationsOf(page)
      found.push(...violations.map((violation) => `${colorScheme} ${path} ${violation}`))
    }
  }
  await session.send('Page.setBypassCSP', { enabled: false })
  if (found.length > 0) throw new Error(found.join('\n'))
}
