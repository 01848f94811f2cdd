/**
 * Flags inside the page: an HTML document gets a block of JSON at the beginning of its head, which the browser SDK reads.
 * The page still streams, and stays what it was: all other bytes pass as they are, and what is no page passes unchanged.
 */
import { noteInternalError } from '../../platform/internal-errors.ts'
import { keepForRevalidation } from '../origin/cache-control.ts'
import type { Bootstrap } from './bootstrap.ts'
import { HeadFinder } from './head-finder.ts'

/** The block of JSON. */
export type PageFlags = { flags: Bootstrap['flags']; revision: string }

/** Id of the element that holds it. */
export const BOOTSTRAP_ID = 'sluice-flags'

/** The page changes with its flags: what the origin says about its bytes is no longer true. */
const ABOUT_BYTES = [
  ...['etag', 'last-modified', 'content-length', 'accept-ranges'],
  ...['digest', 'content-digest', 'repr-digest', 'content-md5'],
]

/** The page with its flags; other responses pass unchanged. */
export function withPageFlags(response: Response, page: PageFlags, setCookie?: string): Response {
  if (!isWholePage(response)) return response
  const headers = new Headers(response.headers)
  for (const name of ABOUT_BYTES) headers.delete(name)
  keepForRevalidation(headers)
  if (setCookie !== undefined) headers.append('set-cookie', setCookie)
  const { status, statusText, body } = response
  const html = element(page, nonceIn(headers.get('content-security-policy')))
  const hasCharset = /;\s*charset\s*=/i.test(headers.get('content-type') ?? '')
  const changed = body && inserted(body, html, new HeadFinder(hasCharset))
  return new Response(changed, { status, statusText, headers })
}

/** An HTML document that is shown as a page, in full and readable. A redirect shows none. */
function isWholePage({ status, headers }: Response): boolean {
  const isDocument = (status >= 200 && status < 300 && status !== 206) || (status >= 400 && status <= 599)
  return (
    isDocument &&
    /^\s*text\/html\s*(?:;|$)/i.test(headers.get('content-type') ?? '') &&
    (headers.get('content-encoding') ?? 'identity').toLowerCase() === 'identity' &&
    !/^\s*attachment\b/i.test(headers.get('content-disposition') ?? '')
  )
}

function inserted(body: ReadableStream, html: string, finder: HeadFinder): ReadableStream {
  const { readable, writable } = new IdentityTransformStream()
  // The visitor has left, or the body broke off, which is not counted: no body with flags is watched.
  insert(body, writable, { html: new TextEncoder().encode(html), finder }).catch(() => {})
  return readable
}

/** Passes a body on with what is inserted; behind the place the runtime carries the bytes by itself. */
async function insert(
  body: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
  { html, finder }: { html: Uint8Array; finder: HeadFinder },
): Promise<void> {
  const reader = body.getReader()
  const writer = writable.getWriter()
  const write = async (bytes: Uint8Array) => {
    if (bytes.length > 0) await writer.write(bytes)
  }
  let held: Uint8Array = new Uint8Array(0)
  let isOver = false
  try {
    for (let isDone = false; !isDone; ) {
      const { done, value = new Uint8Array(0) } = await reader.read()
      isOver = done
      held = joined(held, value)
      const found = find(finder, held, done)
      isDone = done || found.kind !== 'more'
      if (found.kind === 'nowhere') break
      await write(held.subarray(0, found.at))
      held = held.subarray(found.at)
      if (found.kind === 'here') await write(html)
    }
    await write(held)
  } catch (error) {
    await Promise.allSettled([writer.abort(error), reader.cancel(error)])
    throw error
  }
  if (isOver) return await writer.close()
  reader.releaseLock()
  writer.releaseLock()
  await body.pipeTo(writable)
}

/** A page comes through without its flags rather than not at all. */
function find(finder: HeadFinder, bytes: Uint8Array, isLast: boolean) {
  try {
    return finder.find(bytes, isLast)
  } catch (error) {
    noteInternalError('gate.pageFlags', error)
    return { kind: 'nowhere' } as const
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/**
 * Data, not code, so no policy forbids it. It carries the page's nonce for policies that check all the same, and is ASCII,
 * so that it reads the same in the page's charset, whichever that is.
 */
function element(page: PageFlags, nonce: string | undefined): string {
  const json = JSON.stringify(page).replace(
    /[<\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  const attribute = nonce === undefined ? '' : ` nonce="${nonce}"`
  return `<script type="application/json" id="${BOOTSTRAP_ID}"${attribute}>${json}</script>`
}

function nonceIn(policy: string | null): string | undefined {
  return /'nonce-([A-Za-z0-9+/_=-]+)'/i.exec(policy ?? '')?.[1]
}
