/** What copies of requests may do in an app: said before anyone makes them. */
import type { GateDocument } from '../schema/document.ts'

/** Warnings about the routes of a document that copy more than is safe, in the order of the routes. */
export function shadowWarnings({ routes }: GateDocument): { place: string; text: string }[] {
  return routes.flatMap((route) => {
    if (!('path' in route) || route.shadow === undefined || route.shadow === false) return []
    const { methods, credentials } = route.shadow
    const writes = methods.includes('POST')
      ? [
          'copies POST requests: what they do is done three times at the present origin and once at the new one, unless the app leaves requests with "Sluice-Shadow: 1" out',
        ]
      : []
    const keeps = credentials
      ? [
          'copies carry cookies and Authorization: a session that changes with each use, or a link that works once, can be used up by a copy',
        ]
      : []
    return [...writes, ...keeps].map((text) => ({ place: `route "${route.path}"`, text }))
  })
}
