/**
 * The cases of an HTTPRoute, by a gate document. Its routes are in order, so the rules are in the order that the Gateway API gives
 * them; headers and queries are conditions of a flag, whose variants lead to the back ends.
 */
import { describe, expect, it } from 'vitest'
import { compileSnapshot, findRoute, type Snapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { type AttributeValue, staticContext } from '../../../../src/core/context/attributes.ts'
import { decide } from '../../../../src/core/decision/decide.ts'
import { addressOf } from '../../../../src/gate/request/url-parts.ts'
import { type HttpRoute, type Match, SUITES, type Suite } from './cases.ts'

const BACKENDS = ['v1', 'v2', 'v3'] as const
type Ordered = { match: Match; backend: string }

/** Most specific first: exact paths, longer prefixes, a method, more headers, more parameters; then as they stand. */
function inOrder(routes: readonly HttpRoute[]): Ordered[] {
  const all = routes.flatMap(({ rules }) =>
    rules.flatMap(([backend, ...matches]) => matches.map((match) => ({ match, backend: `v${backend}` }))),
  )
  const ranks = ({ exact, prefix = '/', method, headers = {}, query = {} }: Match) => [
    exact === undefined ? 0 : 1,
    (exact ?? prefix).length,
    method === undefined ? 0 : 1,
    Object.keys(headers).length,
    Object.keys(query).length,
  ]
  return all.toSorted((one, other) => {
    const theirs = ranks(other.match)
    return ranks(one.match).reduce((order, rank, at) => order || (theirs[at] ?? 0) - rank, 0)
  })
}

const covers = (wide: string, host: string) =>
  wide === host || (wide.startsWith('*.') && host.endsWith(wide.slice(1)))

/** The hosts that a route gets of the listeners': the narrower one of each two that meet. */
function hostsOf({ hostnames }: HttpRoute, listeners: readonly string[] | undefined): (string | undefined)[] {
  if (hostnames === undefined) return [undefined]
  if (listeners === undefined) return [...hostnames]
  return hostnames.flatMap((host) =>
    listeners.flatMap((each) => (covers(each, host) ? [host] : covers(host, each) ? [each] : [])),
  )
}

const pathOf = ({ exact, prefix = '/' }: Match) => exact ?? `${prefix.replace(/\/$/, '')}/*`

/** Where a flag decides, a path is a condition. */
function conditionsOf({ exact, prefix, method, headers, query }: Match): object[] {
  const is = (attribute: string, value: string) => ({ attribute, op: 'in', values: [value] })
  const named = (kind: string, values: Readonly<Record<string, string>> = {}) =>
    Object.entries(values).map(([name, value]) => is(`${kind}.${name}`, value))
  const below = prefix?.replace(/\/$/, '')
  return [
    ...(exact === undefined ? [] : [is('path', exact)]),
    ...(below ? [{ attribute: 'path', op: 'matches', values: [`^${below}(/|$)`] }] : []),
    ...(method === undefined ? [] : [is('method', method)]),
    ...named('header', headers),
    ...named('query', query),
  ]
}

/** Every suite as one document: exact hosts before wildcards, longer ones first. */
function documentOf({ routes, listeners }: Suite): object {
  const hosts = [...new Set(routes.flatMap((route) => hostsOf(route, listeners)))].toSorted((one, other) => {
    const rank = (host = '') => (host.startsWith('*') ? 0 : 1_000) + host.length
    return rank(other) - rank(one)
  })
  const places = hosts.map((host, at) => ({
    key: `host-${at}`,
    onHost: host === undefined ? {} : { host },
    rules: inOrder(routes.filter((route) => hostsOf(route, listeners).includes(host))),
  }))
  const isPlain = routes.every(({ rules }) =>
    rules.every(([, ...matches]) => matches.every(({ headers, query }) => !headers && !query)),
  )
  const origins = Object.fromEntries(
    [...BACKENDS, 'none'].map((name) => [name, { url: `https://${name}.example` }]),
  )
  if (isPlain)
    return {
      origins,
      routes: places.flatMap(({ onHost, rules }) =>
        rules.map(({ match, backend }) => ({
          ...onHost,
          path: pathOf(match),
          ...(match.method && { methods: [match.method] }),
          origin: backend,
        })),
      ),
    }
  const variants = Object.fromEntries([...BACKENDS, 'none'].map((name) => [name, name]))
  return {
    origins,
    routes: places.map(({ key, onHost }) => ({ ...onHost, path: '/*', flag: key, origins: variants })),
    flags: Object.fromEntries(
      places.map(({ key, rules }) => [
        key,
        {
          variants,
          off: 'none',
          rules: rules.map(({ match, backend }) => ({ when: conditionsOf(match), serve: backend })),
        },
      ]),
    ),
  }
}

function answerTo(snapshot: Snapshot, asked: string): string | undefined {
  const [, method = 'GET', url = '', more = ''] = /^(?:([A-Z]+) )?(\S+)(?: (.*))?$/.exec(asked) ?? []
  const { host, path, tail } = addressOf(url.startsWith('//') ? `http:${url}` : `http://shop.test${url}`)
  const target = findRoute(snapshot, { host, path, method })?.target
  if (target === undefined) return undefined
  if (target.kind === 'origin') return target.origin.name
  const attributes: Record<string, AttributeValue> = { path, method, host }
  for (const field of more.split('; ').filter(Boolean)) {
    const [name, value = ''] = field.split(': ')
    attributes[`header.${name}`] = value
  }
  for (const [name, value] of new URLSearchParams(tail.slice(path.length)))
    attributes[`query.${name}`] = value
  const { variant } = decide(target.flag, staticContext(undefined, attributes), {
    flags: snapshot.flags,
    control: compileControl(INITIAL_CONTROL_STATE, []),
    environment: 'production',
    nowMs: 0,
    overrides: undefined,
  })
  return variant === 'none' ? undefined : target.origins.get(variant)?.name
}

describe.each(SUITES)('$name', (suite) => {
  const parsed = parseDocumentValue(documentOf(suite))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 2))
  const snapshot = compileSnapshot(parsed.value)

  it.each(suite.asked)('%s', (asked, backend) => {
    expect(answerTo(snapshot, asked)).toBe(backend && `v${backend}`)
  })
})
