/**
 * The static files that the Worker serves: the dashboard, under /__sluice/ui, and the OpenAPI description. They hold no
 * data; the dashboard gets what it shows from the admin API, with the user's token.
 */
import { GATE_PATH } from '../../core/gate-path.ts'
import type { Env } from '../../platform/env.ts'
import { problemDetails } from '../../platform/problem-details.ts'

export const DASHBOARD_PATH = `${GATE_PATH}/ui`

/** Files lie side by side. The address of a view may also end in a dot and letters, as flag keys do. */
const IS_FILE = /^\/[^/]+\.\w+$/
/** Names of built files carry a hash of their content. */
const HASHED = /-[A-Z0-9]{8}\.\w+$/

/** Only the dashboard's own scripts and styles, no inline ones, and no framing. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** Not every file host sends a content type. */
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
}

/**
 * Serves a file of the dashboard. Every other path gets the page, which shows the view that the address names.
 *
 * @returns 404 without an ASSETS binding or for a missing file, 405 for anything but GET and HEAD
 */
export async function serveDashboard(request: Request, env: Env): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return problemDetails(405, 'Method Not Allowed', 'The dashboard is read-only', { allow: 'GET, HEAD' })
  }
  const path = new URL(request.url).pathname.slice(DASHBOARD_PATH.length)
  const file = IS_FILE.test(path) ? path : '/index.html'
  const type = TYPES[file.slice(file.lastIndexOf('.') + 1)]
  if (type === undefined) return missing(file)
  return await serveFile(file, request, env, {
    'content-type': type,
    'cache-control': HASHED.test(file) ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': POLICY,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-robots-tag': 'noindex',
  })
}

/** Serves the OpenAPI description, which the build puts beside the dashboard's files. */
export async function serveApiDescription(request: Request, env: Env): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' }
  return await serveFile('/openapi.json', request, env, headers)
}

async function serveFile(
  file: string,
  request: Request,
  env: Env,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  if (env.ASSETS === undefined) {
    return problemDetails(
      404,
      'Not Found',
      'This gate runs without its static files: it has no ASSETS binding',
    )
  }
  const asset = await env.ASSETS.fetch(new Request(new URL(file, 'https://dashboard'), request))
  if (asset.status === 404) return missing(file)
  const response = new Response(asset.body, asset)
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

function missing(file: string): Response {
  return problemDetails(404, 'Not Found', `The dashboard has no file ${file}; reload the page`)
}
