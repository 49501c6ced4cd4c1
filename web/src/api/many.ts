// Files on their way in, and one command for many.
import type { Problem } from './client'
import { command, readAfter, send } from './client'

/** What became of many. */
export interface Went {
  done: number
  skipped: number
  failed: { id: string; code: string; detail: string; retry: boolean }[]
}

export interface Many {
  command: string
  body?: Record<string, unknown>
}

/** More than so many are done in the background. */
export const MOST_AT_ONCE = 100

/** Sends a command for a few, and waits for all of them. */
export function sendForFew(many: Many & { ids: string[] }): Promise<Went> {
  return send<Went>('POST', '/bulk', { body: many, headers: { 'idempotency-key': crypto.randomUUID() } })
}

interface Started {
  run_id: string
  position: string | null
}

/** Begins a run in the background for many, or for all that match; answers the run. */
export async function startRun(many: Many, whom: { ids: string[] } | { filter: object }): Promise<string> {
  if ('ids' in whom) {
    const done = await command('start-bulk-run', { ...many, ids: whom.ids })
    return done.aggregate_id
  }
  const headers = { 'idempotency-key': crypto.randomUUID() }
  const started = await send<Started>('POST', '/bulk-runs', {
    body: { ...many, filter: whom.filter },
    headers,
  })
  if (started.position) readAfter(started.position)
  return started.run_id
}

export interface Uploaded {
  result: { import_id: string }
}

/** Uploads a file of customers; what it is, its name tells. */
export function uploadImport(file: File): Promise<Uploaded> {
  const kind = /\.(vcf|vcard)$/i.test(file.name) ? 'text/vcard' : 'text/csv'
  const name = encodeURIComponent(file.name.slice(0, 200))
  const headers = { 'idempotency-key': crypto.randomUUID(), 'content-type': kind }
  return send<Uploaded>('POST', `/imports?name=${name}`, { file, headers })
}

export type { Problem }
