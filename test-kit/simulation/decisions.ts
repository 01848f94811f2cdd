/** Documents that grow in one way, and the work that a request makes of them: find the route, decide its flag. */

import { compileSnapshot, findTarget } from '../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../src/core/config/control.ts'
import { parseDocumentValue } from '../../src/core/config/parse/parse.ts'
import { decide } from '../../src/core/decision/decide.ts'

type Dimension = 'flags' | 'routes' | 'rules' | 'conditions'
const FLAG = 'measured'
const VISITORS = 1_024

type Shape = Record<Dimension, number>

/** Decides one request after the other, of changing visitors; gives the variant's value. */
export function requestsOf(dimension: Dimension, size: number): () => unknown {
  const shape: Shape = { flags: 1, routes: 1, rules: 1, conditions: 1, [dimension]: size }
  const parsed = parseDocumentValue(documentOf(shape))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems.slice(0, 3)))
  const snapshot = compileSnapshot(parsed.value)
  const control = compileControl(INITIAL_CONTROL_STATE, [])
  const inputs = { flags: snapshot.flags, control, environment: 'production', nowMs: 0, overrides: undefined }
  const visitors = Array.from({ length: VISITORS }, (_, index) => `visitor-${index}`)
  let visitor = 0
  const context = {
    targetingKey: () => visitors[visitor] ?? '',
    attribute: (name: string) => (name === 'country' ? 'RO' : 'yes'),
  }
  const place = { host: 'www.example.com', path: '/products/17/picture', method: 'GET' }
  return () => {
    visitor = (visitor + 1) % VISITORS
    const target = findTarget(snapshot, place)
    const flag = snapshot.flags.get(FLAG)
    if (target.kind !== 'flag' || flag === undefined) throw new Error('The request took another route')
    return decide(flag, context, inputs).value
  }
}

/** The worst place for a request: the last route, and the last rule of its flag. */
function documentOf({ flags, routes, rules, conditions }: Shape) {
  const origins = { on: 'new', off: 'old' }
  return {
    origins: { old: { url: 'http://old.example' }, new: { url: 'http://new.example' } },
    routes: [
      ...Array.from({ length: routes - 1 }, (_, index) => ({
        path: `/area-${index}/*`,
        flag: FLAG,
        origins,
      })),
      { path: '/*', flag: FLAG, origins },
    ],
    flags: {
      ...Object.fromEntries(Array.from({ length: flags - 1 }, (_, index) => [`flag-${index}`, flagOf(1, 1)])),
      [FLAG]: flagOf(rules, conditions),
    },
  }
}

function flagOf(rules: number, conditions: number) {
  const missed = Array.from({ length: rules - 1 }, (_, index) => ({
    when: [{ attribute: 'country', op: 'in', values: [`X${index % 10}`] }],
    serve: 'on',
  }))
  const when = Array.from({ length: conditions }, (_, index) => ({
    attribute: index === 0 ? 'country' : `cookie.c${index}`,
    op: 'in',
    values: index === 0 ? ['RO', 'US', 'DE'] : ['yes', 'no'],
  }))
  const variants = { on: true, off: false }
  return { variants, off: 'off', rules: [...missed, { when, percentage: 25, serve: 'on' }] }
}
