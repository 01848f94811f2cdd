/** Routes by their template: `/products/17/reviews` and `/products/18/reviews` are one. */

const ID = /^(?:\d+|[0-9a-f]{8,}|[0-9a-f]{8}-[0-9a-f-]{27}|(?=[^.]*\d)[\w~-]{16,})$/i
const LONGEST = 80
const MOST_SEGMENTS = 8

/**
 * @example
 * ```ts
 * routeTemplate('GET', '/products/17/reviews') // 'GET /products/:id/reviews'
 * ```
 */
export function routeTemplate(method: string, path: string): string {
  const segments = path.split('/')
  const kept = segments.slice(0, MOST_SEGMENTS + 1).map((segment) => (ID.test(segment) ? ':id' : segment))
  const template = `${method} ${kept.join('/')}${segments.length > kept.length ? '/…' : ''}`
  return template.length <= LONGEST ? template : `${template.slice(0, LONGEST - 1)}…`
}
