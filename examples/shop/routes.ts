import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { gzipSync } from 'node:zlib'
import { APP_JS, STYLE_CSS } from './assets.ts'
import { CART, CART_COUNT, CART_TOTAL_CENTS, PRODUCTS } from './catalogue.ts'
import { type Exchange, type Headers, type ShopVersion, send, sendJson } from './exchange.ts'
import { checkoutPage, homePage, messagePage, paidPage, productPage } from './pages.ts'

/** No form of a shop is longer. */
const LONGEST_FORM_BYTES = 65_536

type Handler = (exchange: Exchange) => void | Promise<void>
interface Route {
  readonly methods: readonly string[]
  readonly handle: Handler
}
const READ = ['GET', 'HEAD']

/** The pages, assets and API of one shop; the handler answers 404 and 405 by itself. */
export function createShopHandler(version: ShopVersion): Handler {
  const routes = shopRoutes(version)
  const products = new Map<string, Route>(
    PRODUCTS.map((product) => [`/product/${product.id}`, page(productPage(version, product))]),
  )
  return (exchange) => {
    const { pathname } = exchange.url
    const route = routes.get(pathname) ?? products.get(pathname)
    if (route === undefined) {
      return sendPage(exchange, 404, messagePage(version, 'Not found', `There is nothing at ${pathname}`))
    }
    if (route.methods.includes(exchange.request.method ?? 'GET')) return route.handle(exchange)
    const allow = route.methods.join(', ')
    sendPage(exchange, 405, messagePage(version, 'Not like this', `This takes ${allow}`), { allow })
  }
}

function shopRoutes(version: ShopVersion): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    ['/', page(homePage(version))],
    ['/checkout', page(checkoutPage(version))],
    ['/checkout/pay', { methods: ['POST'], handle: createPay(version) }],
    ['/style.css', asset('text/css', STYLE_CSS[version])],
    ['/app.js', asset('text/javascript', APP_JS)],
    ['/api/cart', { methods: READ, handle: cart }],
    [
      '/gzip',
      zippedPage(messagePage(version, 'Squeezed', 'This page comes compressed to anyone who accepts that')),
    ],
  ])
}

function page(html: string): Route {
  return { methods: READ, handle: (exchange) => sendPage(exchange, 200, html) }
}

function sendPage(exchange: Exchange, status: number, html: string, headers: Headers = {}): void {
  const type = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' }
  send(exchange, status, { ...type, ...headers }, html)
}

/** A file with an ETag. Both shops have it at the same address, so a browser has to ask again each time. */
function asset(type: string, content: string): Route {
  const etag = `"${createHash('sha256').update(content).digest('hex').slice(0, 16)}"`
  const headers = { etag, 'cache-control': 'no-cache' }
  const handle: Handler = (exchange) => {
    const known = exchange.request.headers['if-none-match']
      ?.split(',')
      .map((each) => each.trim().replace(/^W\//, ''))
    if (known?.some((each) => each === etag || each === '*')) return send(exchange, 304, headers)
    send(exchange, 200, { ...headers, 'content-type': `${type}; charset=utf-8` }, content)
  }
  return { methods: READ, handle }
}

function zippedPage(html: string): Route {
  const zipped = gzipSync(html)
  const vary = { vary: 'Accept-Encoding' }
  const handle: Handler = (exchange) => {
    if (!acceptsGzip(exchange.request)) return sendPage(exchange, 200, html, vary)
    const headers = { 'content-type': 'text/html; charset=utf-8', 'content-encoding': 'gzip', ...vary }
    send(exchange, 200, headers, zipped)
  }
  return { methods: READ, handle }
}

function acceptsGzip(request: IncomingMessage): boolean {
  const accepted = [request.headers['accept-encoding'] ?? ''].flat().join(',').split(',')
  return accepted.some((each) => /^\s*gzip\s*(;\s*q=(1|0\.\d*[1-9]).*)?$/i.test(each))
}

function cart(exchange: Exchange): void {
  const items = CART.map(({ product: { id, name, priceCents }, quantity }) => ({
    id,
    name,
    priceCents,
    quantity,
  }))
  const { version } = exchange
  sendJson(exchange, 200, {
    version,
    count: CART_COUNT,
    items,
    totalCents: CART_TOTAL_CENTS,
    currency: 'EUR',
  })
}

function createPay(version: ShopVersion): Handler {
  let orders = 1000
  return async (exchange) => {
    const text = await readText(exchange.request, LONGEST_FORM_BYTES)
    if (text === undefined) {
      const sentence = `A form is at most ${LONGEST_FORM_BYTES} bytes`
      return sendPage(exchange, 413, messagePage(version, 'Too much', sentence), { connection: 'close' })
    }
    orders += 1
    const name = new URLSearchParams(text).get('name')?.trim() ?? ''
    sendPage(exchange, 200, paidPage(version, `${version.toUpperCase()}-${orders}`, name))
  }
}

/** The body as text, undefined when it is longer than `mostBytes`. */
export async function readText(request: IncomingMessage, mostBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!(chunk instanceof Uint8Array)) continue
    length += chunk.length
    if (length > mostBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
