// Writes src/api/schema.d.ts from the OpenAPI description that comes in on standard input. With --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import openapiTS, { astToString } from 'openapi-typescript'

const target = new URL('../src/api/schema.d.ts', import.meta.url)
const head =
  '// Made from /openapi.json by scripts/types.mjs; `RAPPORT_RENEW_TYPES=1 cargo test -p tests --test it -- web::` renews it.\n\n'

const document = JSON.parse(await text(process.stdin))
// What the client does not read: refusals have one shape, and headers are set in one place.
for (const operations of Object.values(document.paths)) {
  for (const operation of Object.values(operations)) {
    operation.parameters = (operation.parameters ?? []).filter((parameter) => parameter.in !== 'header')
    const kept = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'))
    operation.responses = Object.fromEntries(kept)
  }
}
const made = head + astToString(await openapiTS(document, { defaultNonNullable: false }))
if (!process.argv.includes('--check')) {
  writeFileSync(target, made)
} else if (readFileSync(target, 'utf8') !== made) {
  console.error('src/api/schema.d.ts is not what /openapi.json says')
  process.exit(1)
}
