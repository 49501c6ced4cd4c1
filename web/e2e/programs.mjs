// A program of the business's own: registered, let in on the page that asks for it, and sent away again.
import { URL, URLSearchParams } from 'node:url'
import { judged } from './accessible.mjs'

const BACK = 'https://portal.example.test/back'
/** The pair of RFC 7636, appendix B. */
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const NARROW = { width: 360, height: 740 }
const WIDE = { width: 1440, height: 900 }

export async function letAProgramIn({ page, context }) {
  const name = `Portal ${Date.now()}`
  await page.goto('/settings/programs')
  await page.getByRole('button', { name: 'Register a program' }).click()
  const dialog = page.getByRole('dialog', { name: 'Register a program' })
  await dialog.getByLabel(/^Name, as people/).fill(name)
  await dialog.getByRole('combobox', { name: /^How it proves/ }).click()
  await page.getByRole('option', { name: /^By PKCE alone/ }).click()
  await dialog.getByLabel('Where answers go').fill(BACK)
  await dialog.getByRole('button', { name: 'Register a program' }).click()
  const clientId = (await dialog.locator('pre').first().innerText()).trim()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await page.getByRole('button', { name: `Revoke: ${name}` }).waitFor()

  const asked = await context.newPage()
  await asked.route('https://portal.example.test/**', (route) => route.fulfill({ body: 'back' }))
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: BACK,
    state: 'here',
    scope: 'crm.read crm.write messages.send money pii.read',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  })
  await asked.goto(`/auth/oauth/authorize?${query}`)
  await asked.getByRole('heading', { name: `${name} asks to work for you` }).waitFor()
  for (const viewport of [NARROW, WIDE]) {
    await asked.setViewportSize(viewport)
    const overflow = await asked.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    if (overflow > 0) throw new Error(`the consent page is ${overflow} px too wide at ${viewport.width}`)
    const found = await judged({ page: asked, context, name: `consent at ${viewport.width}` })
    if (found.length > 0) throw new Error(found.join('\n'))
  }
  await asked.getByLabel(/give money back/).uncheck()
  await asked.getByRole('button', { name: 'Allow', exact: true }).click()
  await asked.waitForURL(/portal\.example\.test\/back\?.*code=/)
  if (!asked.url().includes('state=here')) throw new Error(`it came back to ${asked.url()}`)
  const code = new URL(asked.url()).searchParams.get('code')
  await asked.close()
  const claimed = await page.request.post('/auth/oauth/token', {
    form: {
      grant_type: 'authorization_code',
      code,
      redirect_uri: BACK,
      client_id: clientId,
      code_verifier: VERIFIER,
    },
  })
  const { scope } = await claimed.json()
  if (!scope?.includes('crm.write') || scope.includes('money')) throw new Error(`it may ${scope}`)

  await page.goto('/profile')
  await page.getByText(name).waitFor()
  await page.getByRole('button', { name: `End what ${name} may do for you` }).click()
  await page.getByText(name).waitFor({ state: 'detached' })
  await page.goto('/settings/programs')
  await page.getByRole('button', { name: `Revoke: ${name}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('button', { name: `Revoke: ${name}` }).waitFor({ state: 'detached' })
}
