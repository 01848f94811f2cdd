/** In what a flag's routes protect visitors less than before: from a canary that fails, and from requests that are sent twice. */
import type { GateDocument, RouteConfig } from '../../config/schema/document.ts'

/** Methods whose repetition does nothing more (RFC 9110, section 9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** What is weaker, in a few words each; empty where nothing is. Other routes than before are another split. */
export function looserRoutes(flag: string, before: GateDocument, after: GateDocument): string[] {
  const old = before.routes.filter((route) => route.flag === flag)
  return after.routes.flatMap((route) => {
    const was = route.flag === flag ? old.find((each) => placeOf(each) === placeOf(route)) : undefined
    return was === undefined ? [] : weaker(was, route).map((text) => `route ${route.path}: ${text}`)
  })
}

function placeOf({ host, path, method }: RouteConfig): string {
  return JSON.stringify([host, path, method])
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
