/** Everything that others write and the gate reads. */
import fc from 'fast-check'
import example from '../../../config/gate.json'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { parseControlState } from '../../../src/core/config/control.ts'
import { killOrder } from '../../../src/core/config/kill-list.ts'
import { parseDocument } from '../../../src/core/config/parse/parse.ts'
import { keepFromSharedCaches } from '../../../src/gate/origin/cache-control.ts'
import { tagValidators, untagValidators } from '../../../src/gate/origin/etags.ts'
import { addressOf } from '../../../src/gate/request/url-parts.ts'
import { must, type Target, target } from './check.ts'
import { document } from './document.ts'
import { countOnce, flushes } from './flushes.ts'
import {
  base64,
  changed,
  claims,
  cookies,
  fieldText,
  forgedToken,
  headers,
  json,
  path,
  query,
  userAgent,
} from './inputs.ts'
import { ask, SECRET, visit } from './visits.ts'

/** Characters, when encoded, which takes up to six for one. Servers refuse what is longer, with 431. */
const LONGEST_URL = 12_000

export const SHOP = 'https://shop.example.com/shop/x'

/** The visitor gets the origin's answer, which is asked once; and where a flag decides, it has decided. */
export async function served(url: string, init: RequestInit, isSigned = false): Promise<void> {
  const { status, asked } = await visit(url, init, isSigned)
  must(status === 200, `the visitor got ${status}`)
  must(asked.length === 1, `origins were asked ${asked.length} times`)
  const isDecided = asked[0]?.has('sluice-flags')
  must(isDecided === true || new URL(url).pathname.startsWith('/users/'), 'no flag was decided')
}

const signingKey = async () =>
  await crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(SECRET),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
let ownKey: CryptoKey | undefined

/** A token with our signature. By hand: libraries refuse to sign some of what others will send. */
export async function sign(payload: object): Promise<string> {
  const body = [JSON.stringify({ alg: 'HS256' }), JSON.stringify(payload)]
    .map((part) => base64(part))
    .join('.')
  ownKey ??= await signingKey()
  const signature = await crypto.subtle.sign('HMAC', ownKey, new TextEncoder().encode(body))
  return `${body}.${base64(new Uint8Array(signature))}`
}

/** What is read off the text is what a parser says. */
function sameAddress(text: string): void {
  const { host, protocol, pathname, href, origin } = new URL(text)
  const address = addressOf(text)
  const [whole = ''] = href.split('#')
  must(address.host === host && `${address.protocol}:` === protocol, 'another site')
  must(address.path === pathname && address.tail === whole.slice(origin.length), 'another path or query')
}

const visitors: Target[] = [
  target(
    'cookies',
    fc.tuple(cookies, fc.constantFrom('cors', 'navigate'), fc.constantFrom('GET', 'POST')),
    async (input) => {
      const [cookie, mode, method] = input
      const sent = { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': mode }
      await served(SHOP, { method, headers: sent, ...(method === 'POST' && { body: 'a=b' }) })
    },
  ),
  target('headers', headers, async (given) => {
    // A Host that holds more than a host is the one thing that is refused.
    if (!/[/?#@\\%]|[^!-~]/.test(new Headers(given).get('host') ?? ''))
      return await served(SHOP, { headers: given })
    const { status, asked } = await visit(SHOP, { headers: given }, false)
    must(status === 400 && asked.length === 0, `a Host that is no host got ${status}`)
  }),
  target('unsigned tokens', forgedToken, (text) =>
    served(SHOP, { headers: { authorization: `Bearer ${text}`.slice(0, 9_000).replace(/[^ -~]/g, ' ') } }),
  ),
  target('tokens with any claims', claims, async (payload) =>
    served(SHOP, { headers: { authorization: `Bearer ${await sign(payload)}` } }, true),
  ),
  target('user agents', userAgent, (text) => served(SHOP, { headers: { 'user-agent': text } })),
  target('URLs', fc.tuple(path, query), async ([place, search]) => {
    const text = `https://shop.example.com${place}${place.includes('?') ? '' : `?${search}`}`
    if (!URL.canParse(text)) return
    const url = new URL(text).href.length > LONGEST_URL ? text.slice(0, LONGEST_URL / 6) : text
    sameAddress(url)
    await served(url, {})
  }),
]

const REPORT = JSON.stringify({ reports: [{ type: 'error', flag: 'shop' }] })
const ENDPOINTS = ['events', 'ofrep/v1/evaluate/flags', 'ofrep/v1/evaluate/flags/shop', 'api/frontend']

const stored: Target[] = [
  target(
    'documents',
    fc.oneof(
      fc.string({ unit: 'binary' }),
      json,
      fc.json({ maxDepth: 8 }),
      changed(example),
      changed(document),
    ),
    (text) => {
      const parsed = parseDocument(text)
      if (parsed.ok) compileSnapshot(parsed.value)
      else must(parsed.problems.length > 0, 'a document is refused without a reason')
    },
  ),
  target(
    'kill lists and control states',
    fc.oneof(
      fc.string(),
      json,
      changed({ epoch: 3, killed: [], flags: { shop: { generation: 1, stage: 0 } } }),
    ),
    (text) => {
      killOrder(text, new Map())
      parseControlState(text)
    },
  ),
  target(
    'answers of origins',
    fc.record({
      'cache-control': fieldText,
      etag: fieldText,
      'if-none-match': fieldText,
      'if-range': fieldText,
    }),
    (fields) => {
      const given = new Headers(fields)
      keepFromSharedCaches(given)
      keepFromSharedCaches(given, true)
      tagValidators(given, '1x9k2')
      untagValidators(given, '1x9k2')
      must(/private|no-store/i.test(given.get('cache-control') ?? ''), 'a shared cache may keep it')
    },
  ),
  target('flushes', flushes, countOnce),
  target(
    'reports and questions of apps',
    fc.tuple(
      fc.constantFrom(...ENDPOINTS),
      fc.oneof(
        json,
        fc.string({ unit: 'binary' }),
        changed(JSON.parse(REPORT)),
        changed({ context: { targetingKey: 'a', plan: 'pro' } }),
      ),
      fc.ipV4(),
    ),
    async ([endpoint, body, ip]) => {
      const status = await ask(endpoint, {
        method: 'POST',
        body,
        headers: { 'cf-connecting-ip': ip, 'x-user-id': 'someone', 'content-type': 'application/json' },
      })
      must(status < 500, `the gate answered ${status}`)
    },
  ),
]

export const TARGETS: readonly Target[] = [...visitors, ...stored]
