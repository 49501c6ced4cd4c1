// What the first page costs, and that it asks nobody else.
import { strict as assert } from 'node:assert'

const MAX_SCRIPT_BYTES = 230_000
const MAX_REQUESTS = 60

export async function firstLoad({ context, demo }) {
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.setCacheDisabled', { cacheDisabled: true })
  const kinds = new Map()
  const foreign = []
  let script = 0
  session.on('Network.responseReceived', ({ requestId, response, type }) => {
    kinds.set(requestId, type)
    if (!response.url.startsWith(demo.base_url) && !response.url.startsWith('data:'))
      foreign.push(response.url)
  })
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (kinds.get(requestId) === 'Script') script += encodedDataLength
  })
  await page.goto('/inbox')
  await page.getByRole('region', { name: 'Threads' }).getByRole('button').nth(8).waitFor()
  await page.waitForLoadState('load')
  assert.deepEqual(foreign, [], 'another host was asked')
  assert.ok(
    script > 0 && script <= MAX_SCRIPT_BYTES,
    `${script} bytes of script, ${MAX_SCRIPT_BYTES} allowed`,
  )
  assert.ok(kinds.size <= MAX_REQUESTS, `${kinds.size} requests, ${MAX_REQUESTS} allowed`)
  console.log(`   first load: ${script} bytes of script, ${kinds.size} requests`)
  await page.close()
}
