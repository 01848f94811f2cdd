/** In what a flag's routes protect visitors less than before: from a canary that fails, and from requests that are sent twice. */
import type { GateDocument, RouteConfig } from '../../config/schema/document.ts'
import { grouped } from '../../grouped.ts'

/** Methods whose repetition does nothing more (RFC 9110, section 9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** What is weaker, in a few words each, by flag. Other routes than before are another split. */
export function looserRoutes(before: GateDocument, after: GateDocument): Map<string, string[]> {
  // Of several routes of a flag that have one place, the first counts.
  const old = new Map(before.routes.map((route): [string, RouteConfig] => [placeOf(route), route]).reverse())
  const found = after.routes.flatMap((route) => {
    const { flag, path } = route
    const was = flag === undefined ? undefined : old.get(placeOf(route))
    if (flag === undefined || was === undefined) return []
    return weaker(was, route).map((text) => ({ flag, text: `route ${path}: ${text}` }))
  })
  const byFlag = grouped(found, ({ flag }) => flag)
  return new Map([...byFlag].map(([flag, each]) => [flag, each.map(({ text }) => text)]))
}

function placeOf({ flag, host, path, method }: RouteConfig): string {
  return JSON.stringify([flag, host, path, method])
}

function weaker(was: RouteConfig, is: RouteConfig): string[] {
  const [rescued, now] = [was, is].map(rescuedBy)
  const lost = [...(rescued ?? [])].filter((method) => !now?.has(method))
  const repeated = [...(now ?? [])].filter((method) => !rescued?.has(method) && !SAFE.has(method))
  return [
    ...(lost.length > 0 ? [`${lost.join(', ')} no longer rescued where the canary fails`] : []),
    ...(repeated.length > 0 ? [`${repeated.join(', ')} sent twice where the canary fails`] : []),
    ...(was.severable && !is.severable ? ['a kill can no longer close its WebSockets'] : []),
  ]
}

function rescuedBy({ rescue }: RouteConfig): Set<string> {
  return new Set(rescue === false ? [] : rescue.map((method) => method.toUpperCase()))
}
