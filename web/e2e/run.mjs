// The dashboard in a real browser, against a running demo: each journey on the pages and with the hands of a person.
// RAPPORT_E2E is the demo's demo.json; CHROMIUM the browser; RAPPORT_E2E_LONG=1 goes through long lists instead. Prints a line a journey; the first that fails ends it.
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { accessible } from './accessible.mjs'
import { refundWithApproval } from './approvals.mjs'
import { bookAndPay } from './bookings.mjs'
import { chooseInConflict, mergeAndUnmerge, travelInTime } from './customers.mjs'
import { askForTheEndAndTakeItBack, takeTheBusinessAway } from './ending.mjs'
import { importCustomers, tagAllInBackground, tagMany } from './imports.mjs'
import { writeJourney } from './journeys.mjs'
import { firstLoad } from './budget.mjs'
import { eraseCustomer, readAudit, tryTerms } from './privacy.mjs'
import { acceptSuggestion, answer, resumeAfterSleep } from './inbox.mjs'
import { followTrace, rebuildWhileReading, redriveDeadLetter } from './operations.mjs'
import { letAProgramIn } from './programs.mjs'
import { reschedule } from './schedule.mjs'
import { keepDrafts } from './settings.mjs'
import { limitDestination, replayWebhooks, rewindProjection, rollBack } from './steering.mjs'
import { signIn } from './sign_in.mjs'
import { scrollThousands } from './thousands.mjs'
import { ownWords } from './templates.mjs'

const JOURNEYS = [
  signIn,
  firstLoad,
  letAProgramIn,
  answer,
  acceptSuggestion,
  resumeAfterSleep,
  bookAndPay,
  reschedule,
  refundWithApproval,
  ownWords,
  keepDrafts,
  mergeAndUnmerge,
  eraseCustomer,
  readAudit,
  tryTerms,
  takeTheBusinessAway,
  askForTheEndAndTakeItBack,
  chooseInConflict,
  travelInTime,
  redriveDeadLetter,
  followTrace,
  importCustomers,
  tagMany,
  tagAllInBackground,
  writeJourney,
  limitDestination,
  replayWebhooks,
  rebuildWhileReading,
  rewindProjection,
  rollBack,
  accessible,
]
/** Only these, on a demo with many more customers. */
const LONG = [signIn, scrollThousands]
/** The longest wait for one thing to appear. */
const PATIENCE_MS = 20_000

const demo = JSON.parse(process.env.RAPPORT_E2E ?? '{}')
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  // Inside of containers nobody is allowed to make the sandbox; the pages are our own.
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
})
const context = await browser.newContext({
  baseURL: demo.base_url,
  viewport: { width: 1440, height: 900 },
  locale: 'en-US',
})
context.setDefaultTimeout(PATIENCE_MS)
const page = await context.newPage()
const complaints = []
page.on('pageerror', (error) => complaints.push(error.message))
page.on('console', (message) => {
  // Refusals that a page handles are logged by the browser as well.
  if (message.type() === 'error' && !/status of 4(0\d|12|22)/.test(message.text()))
    complaints.push(message.text())
})

let failed = null
const only = process.env.RAPPORT_E2E_ONLY?.split(',')
const journeys = process.env.RAPPORT_E2E_LONG ? LONG : JOURNEYS
for (const journey of journeys.filter((one) => !only || only.includes(one.name))) {
  const began = performance.now()
  try {
    await journey({ page, context, demo, tenant: demo.tenants[0] })
    if (complaints.length > 0) throw new Error(`the browser complains: ${complaints.join('\n')}`)
    console.log(`ok ${journey.name} ${Math.round(performance.now() - began)} ms`)
  } catch (error) {
    const folder = join(tmpdir(), 'rapport-e2e')
    mkdirSync(folder, { recursive: true })
    const shot = join(folder, `${journey.name}.png`)
    await page.screenshot({ path: shot }).catch(() => {})
    failed = `${journey.name} failed at ${page.url()}\n${error.stack ?? error}\nscreenshot: ${shot}`
    break
  }
}
await browser.close()
if (failed) {
  console.error(failed)
  process.exit(1)
}
