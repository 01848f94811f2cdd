/** Pages that get their flags stay the pages that they were: whatever their encoding, charset, status and pieces. */
import { promisify } from 'node:util'
import { brotliCompress, deflate, gzip, zstdCompress } from 'node:zlib'
import fc from 'fast-check'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hasBrowser } from '../../support/browser.ts'
import { SEED } from '../../support/seed.ts'
import { startBrowser } from '../dashboard/support.ts'
import { document } from '../harness/documents.ts'
import { type Answer, type Origin, startOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type KvServer, type ServedGate, serve, startKv } from '../harness/serve.ts'
import { encoded } from './charsets.ts'

let origin: Origin
let kv: KvServer
let served: ServedGate
/** In plain workerd: miniflare compresses what it sends to visitors. */
let gate: { url: string }
let browser: Browser | undefined

beforeAll(async () => {
  origin = await startOrigin('app')
  const urls = { old: origin.url, new: origin.url }
  kv = await startKv()
  served = await serve({ kv, document: document(urls, { rules: [{ serve: 'on' }] }, { bootstrap: {} }) })
  gate = { url: served.urls[0] ?? '' }
  if (hasBrowser) browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await Promise.all([served?.close(), kv?.close(), origin?.close()])
})
beforeEach(() => {
  origin.requests.length = 0
})

const AS_PAGE = { accept: 'text/html', 'accept-encoding': 'gzip, deflate, br, zstd', 'x-user-id': 'ada' }
const BLOCK = /<script type="application\/json" id="sluice-flags"[^>]*>[^<]*<\/script>/

const CODINGS = {
  identity: async (bytes: Buffer) => bytes,
  gzip: promisify(gzip),
  br: promisify(brotliCompress),
  deflate: promisify(deflate),
  zstd: promisify(zstdCompress),
} as const
type Coding = keyof typeof CODINGS
/** What the runtime can read; what comes in another coding, though the gate did not ask for it, passes as it is. */
const READ: readonly Coding[] = ['identity', 'gzip', 'br']

const CHARSETS = [
  ['utf-8', 'Grüße, 世界, Привет'],
  ['utf-16le', 'Grüße, 世界'],
  ['utf-16be', 'Grüße, 世界'],
  ['windows-1252', 'Grüße'],
  ['windows-1251', 'Привет'],
  ['shift_jis', 'ソース表'],
  ['euc-kr', '안녕하세요'],
  ['gb18030', '世界'],
  ['big5', '許功蓋'],
] as const

type Page = { bytes: Buffer; coding: Coding; status: number; type: string; cuts: readonly number[] }

/** Sends the page in pieces, each of which arrives by itself. */
const inPieces =
  ({ bytes, coding, status, type, cuts }: Page): Answer =>
  async (_, response) => {
    const body = await CODINGS[coding](bytes)
    const label = coding === 'identity' ? {} : { 'content-encoding': coding }
    response.writeHead(status, { 'content-type': type, etag: '"a"', ...label })
    const places = [...new Set(cuts.map((cut) => cut % (body.length + 1)))].toSorted((a, b) => a - b)
    let from = 0
    for (const place of places) {
      response.write(body.subarray(from, place))
      from = place
      await new Promise((resolve) => setImmediate(resolve))
    }
    response.end(body.subarray(from))
  }

const MARKUP = [
  (text: string, meta: string) =>
    `<!DOCTYPE html>\n<html lang="x">\n<head>${meta}<title>${text}</title></head><body><p>${text}</body></html>`,
  (text: string, meta: string) => `<!-- > --><!doctype html>${meta}<title>${text}</title><p>${text}`,
  (text: string) => `<p>${text}`,
  (text: string) => `{"text":"${text}"}`,
  (text: string) => `<?xml version="1.0"?><rss><title>${text}</title></rss>`,
  () => '',
] as const

const pages = fc.record({
  charset: fc.constantFrom(...CHARSETS),
  isDeclared: fc.boolean(),
  hasMark: fc.boolean(),
  markup: fc.constantFrom(...MARKUP),
  coding: fc.constantFrom(...(Object.keys(CODINGS) as Coding[])),
  status: fc.constantFrom(200, 201, 203, 404, 410, 422, 200, 200),
  cuts: fc.array(fc.nat(400), { maxLength: 6 }),
})

describe('a page', () => {
  it('keeps its bytes, whatever its encoding, charset, status and pieces', async () => {
    await fc.assert(
      fc.asyncProperty(pages, async ({ charset: [charset, text], isDeclared, hasMark, markup, ...rest }) => {
        const source =
          (hasMark && charset.startsWith('utf') ? '\ufeff' : '') + markup(text, `<meta charset=${charset}>`)
        const bytes = encoded(source, charset)
        const type = isDeclared ? `text/html; charset=${charset}` : 'text/html'
        origin.answer(inPieces({ bytes, type, ...rest }))
        const answer = await raw(gate.url, { headers: AS_PAGE })
        expect(answer.status).toBe(rest.status)
        expect(answer.headers.get('content-type')).toBe(type)
        const isRead = READ.includes(rest.coding)
        expect(answer.headers.get('content-encoding')).toBe(isRead ? null : rest.coding)
        const body = isRead ? bytes : await CODINGS[rest.coding](bytes)
        const got = answer.bytes.toString('latin1')
        expect(got.replace(BLOCK, '')).toBe(body.toString('latin1'))
        const isPage =
          isRead && /<[!p]/.test(source) && !source.includes('<?xml') && !charset.startsWith('utf-16')
        expect(BLOCK.test(got)).toBe(isPage)
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  it('that streams compressed is not held back to its end', async () => {
    const { promise: seen, resolve } = Promise.withResolvers<void>()
    origin.answer(async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' })
      const compress = (await import('node:zlib')).createGzip()
      compress.pipe(response)
      compress.write('<html><head></head><body>first')
      compress.flush()
      await seen
      compress.end('last')
    })
    const response = await fetch(gate.url, { headers: AS_PAGE })
    let text = ''
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += piece
      if (text.endsWith('first')) resolve()
    }
    expect(text).toMatch(/first.*last$/)
  })

  it('that the origin breaks off breaks off', async () => {
    origin.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': '1000' })
      response.write('<html><head><title>', () => response.destroy())
    })
    await expect(raw(gate.url, { headers: AS_PAGE })).rejects.toThrow()
  })
})

describe('what is asked of the origin', () => {
  const CONDITIONS = {
    'if-none-match': '"a"',
    'if-modified-since': 'Sat, 01 Jan 2000 00:00:00 GMT',
    'if-match': '"a"',
    'if-unmodified-since': 'Sat, 01 Jan 2000 00:00:00 GMT',
    'if-range': '"a"',
    range: 'bytes=0-3',
  }
  /** Of the test's own request: a browser asks for the icon of a page that it shows, whenever it likes. */
  const asked = () => origin.requests.find(({ url }) => url !== '/favicon.ico')?.headers ?? {}
  const conditionsOf = () => Object.keys(asked()).filter((name) => name in CONDITIONS)

  /** An origin that heeds conditions and ranges, as a file server does. */
  const heedful: Answer = ({ headers }, response) => {
    const headed = { 'content-type': 'text/html', etag: '"a"', 'accept-ranges': 'bytes' }
    if (headers['if-none-match']) return void response.writeHead(304, headed).end()
    if (headers.range)
      return void response.writeHead(206, { ...headed, 'content-range': 'bytes 0-3/9' }).end('<htm')
    response.writeHead(200, headed).end('<html><head>')
  }

  it('is the whole page, uncompressed, by a browser that holds a copy without flags', async () => {
    origin.answer(heedful)
    const page = await raw(gate.url, { headers: { ...AS_PAGE, ...CONDITIONS } })
    expect([page.status, BLOCK.test(page.text)]).toEqual([200, true])
    expect(['etag', 'accept-ranges', 'last-modified'].filter((name) => page.headers.has(name))).toEqual([])
    expect(conditionsOf()).toEqual([])
    expect(asked()['accept-encoding']).toBe('identity')
  })

  it('keeps its conditions and ranges for all that is no page', async () => {
    origin.answer(heedful)
    const part = { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }
    const first = await raw(gate.url, { headers: part })
    const again = { ...part, 'if-none-match': first.headers.get('etag') ?? '' }
    expect((await raw(gate.url, { headers: again })).status).toBe(304)
    for (const headers of [part, AS_PAGE]) {
      const file = { ...headers, range: 'bytes=0-3' }
      expect((await raw(`${gate.url}/terms.pdf`, { headers: file })).status).toBe(206)
    }
  })

  it('keeps the condition of a form, which guards a change', async () => {
    origin.answer(heedful)
    const form = { 'if-match': '"a"', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' }
    const page = await raw(gate.url, { method: 'POST', headers: form, body: 'a=b' })
    expect([BLOCK.test(page.text), conditionsOf()]).toEqual([true, ['if-match']])
  })

  it('by HEAD is answered as GET would be', async () => {
    origin.answer(heedful)
    const [head, get] = await Promise.all(
      ['HEAD', 'GET'].map((method) => raw(gate.url, { method, headers: { ...AS_PAGE, ...CONDITIONS } })),
    )
    const names = (response: typeof head) =>
      [...(response?.headers.keys() ?? [])].filter(
        (name) => !/^(date|connection|keep-alive|transfer-encoding|content-length|set-cookie)$/.test(name),
      )
    expect([head?.status, names(head)]).toEqual([200, names(get)])
    expect(head?.text).toBe('')
  })
})

describe('answers that get no flags', () => {
  it.each<[string, number, Record<string, string>, string]>([
    ['a redirect', 302, { 'content-type': 'text/html', location: '/x' }, '<p>moved'],
    ['a part', 206, { 'content-type': 'text/html', 'content-range': 'bytes 0-5/9' }, '<html>'],
    ['a download', 200, { 'content-type': 'text/html', 'content-disposition': 'attachment' }, '<html><head>'],
    ['an untyped page', 200, { 'x-content-type-options': 'nosniff' }, '<html><head>'],
    ['XHTML', 200, { 'content-type': 'application/xhtml+xml' }, '<html><head>'],
    ['no content', 204, { 'content-type': 'text/html' }, ''],
    ['an image called HTML', 200, { 'content-type': 'text/html' }, '\u0089PNG <head>'],
  ])('%s', async (_, status, headers, text) => {
    origin.answer((__, response) => void response.writeHead(status, headers).end(text))
    const answer = await raw(gate.url, { headers: AS_PAGE })
    expect([answer.status, answer.text]).toEqual([status, text])
    for (const [name, value] of Object.entries(headers)) expect(answer.headers.get(name)).toBe(value)
  })

  it('compressed data that a tab shows is the data', async () => {
    const body = await CODINGS.gzip(Buffer.from('{"a":1}'))
    origin.answer((_, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        'content-length': body.length,
      })
      response.end(body)
    })
    for (let n = 0; n < 3; n++) {
      const answer = await fetch(gate.url, { headers: AS_PAGE })
      expect(await answer.json()).toEqual({ a: 1 })
    }
  })
})

describe.skipIf(!hasBrowser)('in a browser', () => {
  const look = `(() => {
    document.getElementById('sluice-flags')?.remove()
    return [document.characterSet, document.compatMode, document.title, document.documentElement.outerHTML]
  })()`

  it('a page reads as it does without the gate', async () => {
    const tab = await (browser as Browser).newPage()
    const seen = async (url: string): Promise<unknown> => {
      await tab.goto(url)
      return await tab.evaluate(look)
    }
    for (const [charset, text] of CHARSETS) {
      const cases = [
        ['text/html', MARKUP[0]],
        ['text/html', MARKUP[1]],
        [`text/html; charset=${charset}`, MARKUP[2]],
      ] as const
      for (const [type, markup] of cases) {
        const mark = charset.startsWith('utf-16') ? '\ufeff' : ''
        const bytes = encoded(mark + markup(text, `<meta charset=${charset}>`), charset)
        origin.answer(inPieces({ bytes, type, coding: 'gzip', status: 200, cuts: [] }))
        expect(await seen(gate.url), `${charset} as ${type}`).toEqual(await seen(origin.url))
      }
    }
    await tab.close()
  })
})
