// Files on their way in, and one command for many.
import type { Problem } from './client'
import { send } from './client'

/** What became of many. */
export interface Went {
  done: number
  skipped: number
  failed: { id: string; code: string; detail: string; retry: boolean }[]
  next_cursor: string | null
}

export interface Many {
  command: string
  body?: Record<string, unknown>
  ids?: string[]
  filter?: Record<string, unknown>
}

/** Ids that one request takes. */
const AT_ONCE = 500

/** Sends a command for all of them, part by part, and says after each part how far it is. */
export async function sendForMany(many: Many, onPart: (went: Went) => void): Promise<Went> {
  const all: Went = { done: 0, skipped: 0, failed: [], next_cursor: null }
  const add = (went: Went) => {
    all.done += went.done
    all.skipped += went.skipped
    all.failed.push(...went.failed)
    onPart({ ...all })
  }
  if (many.ids) {
    for (let from = 0; from < many.ids.length; from += AT_ONCE) {
      add(await part({ ...many, ids: many.ids.slice(from, from + AT_ONCE) }))
    }
    return all
  }
  let cursor: string | null = null
  do {
    const went: Went = await part(cursor ? { ...many, cursor } : many)
    add(went)
    cursor = went.next_cursor
  } while (cursor)
  return all
}

function part(body: Many & { cursor?: string }): Promise<Went> {
  return send<Went>('POST', '/bulk', { body, headers: { 'idempotency-key': crypto.randomUUID() } })
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
