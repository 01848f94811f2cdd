/**
 * Requests that a browser signs in by itself, with a cookie or with Cloudflare Access: any page can make the browser send
 * those. What changes something must therefore come from the dashboard, which proves two things that another origin can't.
 */

/** A header of the dashboard's own: another origin would need the gate's permission (CORS), which it never gives. */
export const DASHBOARD_HEADER = 'sluice-dashboard'

export function hasDashboardHeader({ headers }: Request): boolean {
  return headers.has(DASHBOARD_HEADER)
}

/** Whether a page of the request's own origin sent it with the dashboard's header. */
export function isFromDashboard(request: Request): boolean {
  const origin = request.headers.get('origin')
  return hasDashboardHeader(request) && origin !== null && isOwnOrigin(origin, request.url)
}

/** Hazard: behind a proxy that ends TLS the Worker sees http where the browser sees https. */
function isOwnOrigin(origin: string, url: string): boolean {
  if (!URL.canParse(origin)) return false
  const [theirs, own] = [new URL(origin), new URL(url)]
  const isSafe = theirs.protocol === 'https:' || theirs.protocol === own.protocol
  return theirs.host === own.host && isSafe
}
