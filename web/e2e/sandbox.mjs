// What customers, agents and colleagues do beside the browser: texts on the sandbox's phones, calls of the API.

export async function text(demo, from, body) {
  const phones = await (await fetch(`${demo.sandbox_url}/sandbox/texts`)).json()
  const business = phones.texts?.find((sent) => sent.direction === 'out')?.from ?? '+12135550100'
  const response = await fetch(`${demo.sandbox_url}/sandbox/texts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from, to: business, body }),
  })
  if (!response.ok) throw new Error(`the sandbox's phone: ${response.status} ${await response.text()}`)
}

/** What happens to the next calls of a provider. */
export async function fault(demo, order) {
  const response = await fetch(`${demo.sandbox_url}/sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  })
  if (!response.ok) throw new Error(`the sandbox's faults: ${response.status} ${await response.text()}`)
}

/** A command by the holder of a key; answers with status and body, refusals too. */
export async function command(demo, key, name, body, headers = {}) {
  const response = await fetch(`${demo.base_url}/commands/${name}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
      ...headers,
    },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

/** The rows of a query by the holder of a key. */
export async function rows(demo, key, path) {
  const response = await fetch(`${demo.base_url}/queries/${path}`, {
    headers: { authorization: `Bearer ${key}` },
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()).items
}
