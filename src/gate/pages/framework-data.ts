/**
 * Data requests: what the framework of an open page asks for in place of a document, when its visitor follows a link or sends a
 * form. They name the address that the page shows next, and each framework has a way to be told that its build is gone.
 */
import type { GateRequest } from '../request/gate-request.ts'

type Kind = keyof typeof RELOADS

/** `next`: path and query of the page that it leads to; undefined for a form, or a part of the page. */
export type DataRequest = { kind: Kind; next: string | undefined }

/** Whether, and how, a framework asks for data; undefined for any other request. */
export function dataRequestOf(request: GateRequest): DataRequest | undefined {
  // Scripts ask for data. What a page shows or runs, as most of its requests are for, says so.
  if ((request.header('sec-fetch-dest') ?? 'empty') !== 'empty') return undefined
  const found = byPath(request) ?? byHeader(request)
  if (found?.next === undefined || (request.method === 'GET' && !isAhead(request))) return found
  return { ...found, next: undefined }
}

function byPath(request: GateRequest): DataRequest | undefined {
  const { path } = request
  if (path.endsWith('.data')) {
    const page = path.replace(/(?:\/_root|\/_(?=\.)|)\.data$/, (end) => (end === '/_.data' ? '/' : ''))
    // One route's data alone: not a page's.
    return { kind: 'reactRouter', next: request.query('_routes') ? undefined : addressOf(page, request) }
  }
  if (path.endsWith('/__manifest')) return { kind: 'reactRouterManifest', next: undefined }
  if (path.endsWith('/__data.json'))
    return { kind: 'svelteKit', next: addressOf(path.slice(0, -'/__data.json'.length), request) }
  return undefined
}

function byHeader(request: GateRequest): DataRequest | undefined {
  const has = (name: string) => request.header(name) !== undefined
  const here = () => addressOf(request.path, request)
  if (has('next-action')) return { kind: 'nextAction', next: undefined }
  if (has('rsc')) return { kind: 'next', next: here() }
  if (has('x-inertia')) return { kind: 'inertia', next: here() }
  if (has('x-sveltekit-action')) return { kind: 'svelteKitAction', next: undefined }
  if (has('hx-request')) return { kind: 'htmx', next: has('hx-boosted') ? here() : undefined }
  return undefined
}

/** Whether data is fetched for a page that may never be shown. */
function isAhead(request: GateRequest): boolean {
  const { headers } = request
  if (headers.has('next-router-prefetch') || headers.has('next-router-segment-prefetch')) return true
  return /prefetch/i.test(request.header('sec-purpose') ?? request.header('purpose') ?? '')
}

/** Parameters that are the framework's. */
const OWN_PARAMETERS =
  /(?<=[?&])(?:_rsc|_routes|x-sveltekit-invalidated|x-sveltekit-trailing-slash)(?:=[^&]*)?(?:&|$)/g

/** A page's path with the query of its data. */
function addressOf(path: string, { address }: GateRequest): string {
  const query = address.tail.slice(address.path.length).replace(OWN_PARAMETERS, '').replace(/[?&]$/, '')
  return onThisHost(path) + query
}

/** Two slashes at the beginning would name another host. */
function onThisHost(path: string): string {
  return `/${path.replace(/^\/+/, '')}`
}

const CLOSED = 'This version is closed: load the page again'

type Told = { status: number; headers?: Readonly<Record<string, string>>; body?: string }

/** What makes each framework load the page anew, as it documents it or does it itself. */
const RELOADS = {
  /** A redirect out of single fetch, for which no body is decoded. */
  reactRouter: (to): Told => ({
    status: 204,
    headers: {
      'x-remix-redirect': to,
      'x-remix-status': '302',
      'x-remix-reload-document': 'true',
      'x-remix-response': 'yes',
    },
  }),
  /** Its own answer to a page of another build. */
  reactRouterManifest: (): Told => ({ status: 204, headers: { 'x-remix-reload-document': 'true' } }),
  /** What is not a flight response makes the router navigate as a browser does; a build that differs does the same. */
  next: (): Told => ({ status: 409, body: CLOSED }),
  /** A redirect without flight data is one of the browser. */
  nextAction: (to): Told => ({ status: 303, headers: { 'x-action-redirect': `${to};replace` } }),
  /** After an error the router compares its version with `_app/version.json`, and reloads. */
  svelteKit: (): Told => ({
    status: 409,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(CLOSED),
  }),
  svelteKitAction: (to): Told => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'redirect', status: 303, location: to }),
  }),
  /** As for other assets. */
  inertia: (to): Told => ({ status: 409, headers: { 'x-inertia-location': to } }),
  htmx: (): Told => ({ status: 204, headers: { 'hx-refresh': 'true' } }),
} satisfies Record<string, (to: string) => Told>

/** Tells the framework of a page whose version is closed to load it anew; undefined where no framework asks. */
export function reloadFor(request: GateRequest): Response | undefined {
  const data = dataRequestOf(request)
  if (data === undefined) return undefined
  const referer = URL.parse(request.header('referer') ?? '')
  const to =
    data.next ?? (referer?.host === request.host ? onThisHost(referer.pathname) + referer.search : '/')
  const { status, headers, body }: Told = RELOADS[data.kind](to)
  return new Response(body ?? null, {
    status,
    headers: { 'content-type': 'text/plain', 'cache-control': 'no-store', ...headers },
  })
}
