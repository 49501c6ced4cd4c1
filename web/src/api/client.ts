// The one way to the server: commands, queries and acts of operators, typed by the server's own description.
import { forgetAll, recall, remember } from './known'
import type { paths } from './schema'

type Named<Prefix extends string> = keyof {
  [P in keyof paths as P extends `${Prefix}${infer N}` ? N : never]: 1
} &
  string
export type CommandName = Named<'/commands/'>
export type QueryName = Named<'/queries/'>

type Posted<P> = P extends { post: { requestBody: { content: { 'application/json': infer B } } } } ? B : never
type Wanted<P> = P extends { get: { parameters: { query?: infer Q } } } ? NonNullable<Q> : never
type Answered<P> = P extends { get: { responses: { 200: { content: { 'application/json': infer R } } } } }
  ? R
  : never

export type Body<N extends CommandName> = Posted<paths[`/commands/${N}`]>
export type Params<N extends QueryName> = Wanted<paths[`/queries/${N}`]>
export type Answer<N extends QueryName> = Answered<paths[`/queries/${N}`]>
/** One row of a list, or the one thing that a query answers with. */
export type Item<N extends QueryName> =
  Answer<N> extends { items: (infer I)[] } ? I : Answer<N> extends { item: infer I } ? I : never
export type ListName = { [N in QueryName]: Answer<N> extends { items: unknown[] } ? N : never }[QueryName]

/** What a command answers with. */
export interface Done {
  command_id: string
  aggregate_id: string
  sequence: number
  position: string
  result: Record<string, unknown>
}

export interface FieldError {
  pointer: string
  code: string
  message: string
}

/** A refusal or failure, as RFC 9457 has it. `status` 0: the server could not be reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors: FieldError[] = [],
    readonly alternatives: Record<string, unknown>[] = [],
    readonly instance: string | null = null,
  ) {
    super(detail)
  }
}

/** Hears of every answer that says the session is over. */
let onSignedOut = () => {}
export function whenSignedOut(listener: () => void) {
  onSignedOut = listener
}

/** Asks for the second factor again; answers whether it was given. */
let askFactor: () => Promise<boolean> = () => Promise.resolve(false)
export function whenFactorNeeded(ask: () => Promise<boolean>) {
  askFactor = ask
}

const NOT_MODIFIED = 304
// How long reads wait for one's own last write. A projection that is not behind lets them pass at once, so this may be long.
const READ_AFTER_MS = 20_000
let written: { position: string; at: number } | null = null

export async function send<T>(method: string, path: string, options: SendOptions = {}): Promise<T> {
  const headers = new Headers(options.headers)
  headers.set('accept', 'application/json')
  if (options.body !== undefined) headers.set('content-type', 'application/json')
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers,
      body: options.file ?? (options.body === undefined ? null : JSON.stringify(options.body)),
      signal: options.signal ?? null,
      credentials: 'same-origin',
      // What is kept of people's data is kept by the page, not by the browser.
      cache: 'no-store',
    })
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw new Problem(
      0,
      'unreachable',
      'The server cannot be reached. Check your connection; nothing was lost.',
    )
  }
  if (response.status === NOT_MODIFIED && options.known) return options.known as T
  const text = await response.text()
  const answer: unknown =
    text && /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : null
  if (!response.ok) {
    const problem = problemOf(response.status, answer)
    // Some acts want the second factor anew. Nothing was done, so they are simply sent again, under the same key.
    if (
      problem.code === 'mfa-required' &&
      !path.startsWith('/auth/') &&
      !options.again &&
      (await askFactor())
    ) {
      return send<T>(method, path, { ...options, again: true })
    }
    if (problem.status === 401 && !path.startsWith('/auth/')) {
      forgetAll()
      onSignedOut()
    }
    throw problem
  }
  options.onTag?.(response.headers.get('etag'), answer)
  return answer as T
}

export interface SendOptions {
  body?: unknown
  /** Sent as it is; its kind stands in the headers. */
  file?: Blob
  headers?: Record<string, string>
  signal?: AbortSignal
  /** The answer where nothing has changed. */
  known?: unknown
  /** Hears of a new answer and its entity tag. */
  onTag?: (tag: string | null, answer: unknown) => void
  /** Sent once more, after the second factor was asked for. */
  again?: boolean
}

function problemOf(status: number, answer: unknown): Problem {
  const said = (answer ?? {}) as Partial<Problem>
  const detail = said.detail ?? `The server answered ${status} without saying why.`
  return new Problem(
    status,
    said.code ?? `status-${status}`,
    detail,
    said.errors,
    said.alternatives,
    said.instance ?? null,
  )
}

export interface CommandOptions {
  /** The version that the change was made on; refused with 412 when it is not the newest. */
  ifMatch?: number
  /** The name of the intent: the same one again has no second effect. */
  key?: string
}

export async function command<N extends CommandName>(
  name: N,
  body: Body<N>,
  options: CommandOptions = {},
): Promise<Done> {
  const headers: Record<string, string> = { 'idempotency-key': options.key ?? crypto.randomUUID() }
  if (options.ifMatch !== undefined) headers['if-match'] = `"${options.ifMatch}"`
  const done = await send<Done>('POST', `/commands/${name}`, { body, headers })
  readAfter(done.position)
  return done
}

/** What is asked from now on has seen this place of the log. */
export function readAfter(position: string) {
  written = { position, at: Date.now() }
}

/** What the command would do, without doing it. */
export function tryCommand<N extends CommandName>(name: N, body: Body<N>): Promise<Done> {
  const headers = { 'idempotency-key': crypto.randomUUID() }
  return send<Done>('POST', `/commands/${name}?dry_run=true`, { body, headers })
}

export async function ask<N extends QueryName>(
  name: N,
  params: Params<N>,
  signal?: AbortSignal,
): Promise<Answer<N>> {
  const headers: Record<string, string> = {}
  if (written && Date.now() - written.at < READ_AFTER_MS) headers['x-read-after'] = written.position
  const path = `/queries/${name}${query(params as Record<string, unknown>)}`
  const known = recall(path)
  if (known) headers['if-none-match'] = known.tag
  return send<Answer<N>>('GET', path, {
    headers,
    ...(signal && { signal }),
    ...(known && { known: known.answer }),
    onTag: (tag, answer) => remember(path, tag, answer),
  })
}

/** A query string of what is there; absent and empty values are left out. */
export function query(params: Record<string, unknown>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text ? `?${text}` : ''
}
