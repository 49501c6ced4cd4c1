// Signing in as the demo's owner, with password and second factor.
import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'

const STEP_SECONDS = 30
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The code that an authenticator app shows now (RFC 6238: SHA-1, six digits, thirty seconds). */
export function totp(secret, now = Date.now()) {
  const bits = [...secret.replace(/[=\s]/g, '').toUpperCase()]
    .map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 1000 / STEP_SECONDS)))
  const digest = createHmac('sha1', key).update(counter).digest()
  const offset = digest[digest.length - 1] & 15
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

export async function signIn({ page, tenant }) {
  // Where one wanted to go is where one comes out.
  await page.goto('/customers')
  await page.getByLabel('E-mail').fill(tenant.admin.email)
  await page.locator('input[name=password]').fill('not the password at all')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('credentials-wrong').waitFor()
  await page.locator('input[name=password]').fill(tenant.admin.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel(/Code from your app/).fill(totp(tenant.admin.totp_secret))
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('table', { name: 'Customers' }).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
}
