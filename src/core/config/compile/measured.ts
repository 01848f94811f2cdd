/** The metrics of a document as the request path asks for them. */
import { canonicalPath } from '../routes/canonical-path.ts'
import { compileHosts, compilePath } from '../routes/route-pattern.ts'
import { asList, type GateDocument, type MetricConfig } from '../schema/document.ts'
import { measuredNames } from '../split/compared.ts'

/** A metric that the gate counts by itself: each request that matches, answered with such a status, is an event. */
export type RequestMetric = {
  name: string
  /** @param path as the visitor asked for it */
  matches(host: string, path: string, method: string): boolean
  takes(status: number): boolean
}

/** Of a document in which some flag measures something. */
export type MeasuredMetrics = {
  /** Metrics by name, with the flags that measure each. */
  flagsOf: ReadonlyMap<string, readonly string[]>
  /** Undefined where no measured metric names a request. */
  requests: readonly RequestMetric[] | undefined
}

/** Undefined where no flag measures anything: then a request costs nothing more. */
export function compileMeasured({ metrics, flags }: GateDocument): MeasuredMetrics | undefined {
  const names = Object.keys(metrics)
  if (names.length === 0) return undefined
  const flagsOf = new Map<string, string[]>()
  for (const [key, flag] of Object.entries(flags)) {
    if (flag.experiment === undefined && flag.guard?.metrics === undefined) continue
    for (const name of measuredNames(flag)) {
      const known = flagsOf.get(name)
      if (known) known.push(key)
      else flagsOf.set(name, [key])
    }
  }
  if (flagsOf.size === 0) return undefined
  const requests = Object.entries(metrics).flatMap(([name, { request }]) =>
    request === undefined || !flagsOf.has(name) ? [] : [compileRequest(name, request)],
  )
  return { flagsOf, requests: requests.length === 0 ? undefined : requests }
}

function compileRequest(
  name: string,
  { path, host, method, status }: NonNullable<MetricConfig['request']>,
): RequestMetric {
  const pattern = compilePath(path)
  const hosts = asList(host)
  const takesHost = hosts && compileHosts(hosts)
  const methods = asList(method)?.map((each) => each.toUpperCase())
  return {
    name,
    matches: (givenHost, givenPath, givenMethod) =>
      (methods === undefined || methods.includes(givenMethod)) &&
      pattern.matches(canonicalPath(givenPath)) &&
      (takesHost === undefined || takesHost(givenHost)),
    takes:
      typeof status === 'number'
        ? (given) => given === status
        : (given) => Math.floor(given / 100) === Number(status[0]),
  }
}
