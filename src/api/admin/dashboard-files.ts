/**
 * The dashboard's files, under /__sluice/ui. They are static and know nothing; what they show comes from the admin
 * API, by the token of whoever looks.
 */
import type { Env } from '../../platform/env.ts'
import { problemDetails } from '../../platform/problem-details.ts'

export const DASHBOARD_PATH = '/__sluice/ui'

/** Files lie side by side; a view's address may well end in a dot and letters, as flag keys do. */
const IS_FILE = /^\/[^/]+\.\w+$/
/** Names of built files carry a hash of their content. */
const HASHED = /-[A-Z0-9]{8}\.\w+$/

/** No script but the dashboard's own, no style in the page, nothing from elsewhere, and no page around it. */
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

/** Not every place that keeps the files says what they are. */
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Gives a file of the dashboard, or its page, which then shows the view that the address names. */
export async function serveDashboard(request: Request, env: Env): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return problemDetails(405, 'Method Not Allowed', 'The dashboard can only be read', { allow: 'GET, HEAD' })
  }
  if (env.ASSETS === undefined) {
    return problemDetails(404, 'Not Found', 'This gate runs without the dashboard: it has no ASSETS binding')
  }
  const path = new URL(request.url).pathname.slice(DASHBOARD_PATH.length)
  const file = IS_FILE.test(path) ? path : '/index.html'
  const type = TYPES[file.slice(file.lastIndexOf('.') + 1)]
  const asset = type && (await env.ASSETS.fetch(new Request(new URL(file, 'https://dashboard'), request)))
  if (!asset || asset.status === 404) {
    return problemDetails(404, 'Not Found', 'The dashboard has no such file; reload the page')
  }
  const response = new Response(asset.body, asset)
  const { headers } = response
  headers.set('content-type', type)
  headers.set('cache-control', HASHED.test(file) ? 'public, max-age=31536000, immutable' : 'no-cache')
  headers.set('content-security-policy', POLICY)
  headers.set('cross-origin-opener-policy', 'same-origin')
  headers.set('cross-origin-resource-policy', 'same-origin')
  headers.set('referrer-policy', 'no-referrer')
  headers.set('x-content-type-options', 'nosniff')
  headers.set('x-robots-tag', 'noindex')
  return response
}
