/** A shop whose pages and API are never twice the same, and versions of it with one fault each. */
import type { ShadowAnswer, Unanswered } from '../../src/core/shadow/answer.ts'
import { type Comparison, compareAnswers } from '../../src/core/shadow/compare.ts'
import { readAnswer } from '../../src/core/shadow/read-answer.ts'
import { routeTemplate } from '../../src/core/shadow/route-template.ts'
import type { Random } from './random.ts'

export type ShopFault = {
  name: string
  /** Where the verdict must find it: a route, and a part of the field's name. */
  at: readonly [route: string, field: string]
  /** Whether few answers of its route show it. */
  isRare?: true
  /** Changes an answer. */
  change(answer: Told, request: ShopRequest, random: Random): Told
}
export type ShopRequest = { method: 'GET'; path: string }
type Item = Record<string, unknown>
/** An answer before it is written. */
type Told = { status: number; headers: Record<string, string>; cookie?: string; json?: Item; html?: string }

const NAMES = ['tea', 'bread', 'salt', 'figs', 'rice', 'oats', 'plum', 'mint', 'kale', 'beet']

export function shopRequest(random: Random): ShopRequest {
  const id = random.below(500)
  const paths = ['/api/products', `/api/products/${id}`, '/', `/products/${id}`, '/old', '/api/session']
  return { method: 'GET', path: paths[random.below(paths.length)] ?? '/' }
}

/** What an origin answers: the same things, in other words each time. */
export function shopAnswer(
  request: ShopRequest,
  random: Random,
  fault?: ShopFault,
): ShadowAnswer | Unanswered {
  const told = tell(request, random)
  const { status, headers, cookie, json, html } = fault?.change(told, request, random) ?? told
  return {
    status,
    headers: [...Object.entries(headers), ...(cookie === undefined ? [] : [['set-cookie', cookie] as const])],
    body: { kind: 'text', text: json === undefined ? (html ?? '') : JSON.stringify(json) },
  }
}

/** What one request says of a version beside the shop itself. */
export function comparisonOf(random: Random, fault?: ShopFault, request = shopRequest(random)): Comparison {
  const ask = (version?: ShopFault) => readAnswer(shopAnswer(request, random, version), { hosts: [] })
  const route = routeTemplate(request.method, request.path)
  return compareAnswers(route, { first: ask(), canary: ask(fault), again: ask() })
}

const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-cache' }
const HTML_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'private',
  'x-frame-options': 'DENY',
  'strict-transport-security': 'max-age=31536000',
}

function tell({ path }: ShopRequest, random: Random): Told {
  const id = Number(path.split('/').at(-1)) || 0
  if (path === '/old') return { status: 301, headers: { location: '/new?from=old' } }
  if (path === '/api/session') {
    const json = {
      id: uuid(random),
      startedAt: clock(random),
      csrf: uuid(random),
      cart: { items: [], total: null },
    }
    return {
      status: 200,
      headers: JSON_HEADERS,
      cookie: `sid=${uuid(random)}; Path=/; HttpOnly; Secure`,
      json,
    }
  }
  if (path === '/api/products') {
    // A store that promises no order.
    const items = shuffled(
      Array.from({ length: 20 }, (_, n) => product(n)),
      random,
    )
    return {
      status: 200,
      headers: JSON_HEADERS,
      json: { requestId: uuid(random), items, page: { size: 20, next: '/api/products?page=2' } },
    }
  }
  if (path.startsWith('/api/'))
    return { status: 200, headers: JSON_HEADERS, json: { ...product(id), viewedAt: clock(random) } }
  return {
    status: 200,
    headers: { ...HTML_HEADERS, 'content-security-policy': `script-src 'nonce-${uuid(random)}'` },
    html: page(id, random),
  }
}

function product(id: number): Item {
  const name = NAMES[id % NAMES.length] ?? ''
  return {
    id,
    name,
    price: { amount: 100 + ((id * 37) % 900), currency: 'EUR' },
    tags: [name, 'food'],
    stock: id % 7,
  }
}

function page(id: number, random: Random): string {
  const { name, price } = product(id) as { name: string; price: { amount: number } }
  const headline = random.next() < 0.5 ? 'Fresh today' : 'Now in store'
  return `<!doctype html><html><head><title>Shop: ${name}</title><meta name="csrf" content="${uuid(random)}">
<script nonce="${uuid(random)}">window.startedAt=${random.below(1e9)}</script></head>
<body><header><nav><a href="/">Home</a><a href="/cart">Cart</a></nav></header>
<main><h1>${name}</h1><p>${headline}</p><table><tr><td>Price</td><td>${price.amount} EUR</td></tr></table>
<form method="post" action="/cart"><input name="id" value="${id}"><input type="hidden" name="token" value="${uuid(random)}"><button>Add</button></form></main>
<aside><p>Ad ${random.below(50)}</p><img src="/ads/${random.below(50)}.png"></aside>
<script type="application/json" id="state">${JSON.stringify({ product: product(id), at: clock(random) })}</script></body></html>`
}

function eachItem(told: Told, change: (item: Item) => Item): Told {
  const items = told.json?.items
  if (Array.isArray(items)) return { ...told, json: { ...told.json, items: items.map(change) } }
  return told.json?.price === undefined ? told : { ...told, json: change(told.json) }
}

const LIST = 'GET /api/products'
const ONE = 'GET /api/products/:id'
const PAGE = 'GET /products/:id'

export const SHOP_FAULTS: readonly ShopFault[] = [
  {
    name: 'a renamed field',
    at: [ONE, '$.name'],
    change: (told) => eachItem(told, ({ name, ...rest }) => ({ ...rest, title: name })),
  },
  {
    name: 'null instead of a list',
    at: ['GET /api/session', '$.cart.items'],
    change: (told) =>
      told.json?.cart === undefined
        ? told
        : { ...told, json: { ...told.json, cart: { items: null, total: null } } },
  },
  {
    name: 'the wrong currency',
    at: [LIST, '$.items[].price.currency'],
    change: (told) =>
      eachItem(told, (item) => ({ ...item, price: { ...(item.price as Item), currency: 'USD' } })),
  },
  {
    name: 'a missing header',
    at: [PAGE, 'header x-frame-options'],
    change: ({ headers: { 'x-frame-options': _, ...headers }, ...told }) => ({ ...told, headers }),
  },
  {
    name: 'another redirect target',
    at: ['GET /old', 'redirect target'],
    change: (told) => (told.status === 301 ? { ...told, headers: { location: '/neu?from=old' } } : told),
  },
  {
    name: '1 % of items with another price',
    at: [LIST, '$.items[].price.amount'],
    isRare: true,
    change: (told, _, random) =>
      eachItem(told, (item) =>
        random.next() < 0.01 ? { ...item, price: { ...(item.price as Item), amount: 1 } } : item,
      ),
  },
  {
    name: 'an error for one of five products',
    at: [ONE, 'status'],
    change: (told, { path }) =>
      /\/products\/\d*[05]$/.test(path) ? { status: 500, headers: {}, html: 'oops' } : told,
  },
  {
    name: 'a cookie that scripts can read',
    at: ['GET /api/session', 'cookie sid'],
    change: (told) =>
      told.cookie === undefined ? told : { ...told, cookie: told.cookie.replace('; HttpOnly', '') },
  },
  {
    name: 'a form that posts elsewhere',
    at: [PAGE, 'html forms'],
    change: (told) =>
      told.html === undefined
        ? told
        : { ...told, html: told.html.replace('action="/cart"', 'action="/basket"') },
  },
  {
    name: 'a price without its currency on the page',
    at: [PAGE, 'html text main td'],
    change: (told) =>
      told.html === undefined ? told : { ...told, html: told.html.replace(' EUR</td>', '</td>') },
  },
]

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const all = [...list]
  for (let last = all.length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    ;[all[last], all[other]] = [all[other] as T, all[last] as T]
  }
  return all
}

function uuid(random: Random): string {
  const hex = () =>
    Math.floor(random.next() * 65_536)
      .toString(16)
      .padStart(4, '0')
  return `${hex()}${hex()}-${hex()}-${hex()}-${hex()}-${hex()}${hex()}${hex()}`
}

function clock(random: Random): string {
  return new Date(1_790_000_000_000 + random.below(1e9)).toISOString()
}
