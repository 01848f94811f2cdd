/** What a decision takes, counted in what does not depend on how busy the machine is: bytes, and questions asked. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../src/core/config/control.ts'
import { parseDocumentValue } from '../../src/core/config/parse/parse.ts'
import { decide } from '../../src/core/decision/decide.ts'
import { requestsOf } from '../../test-kit/simulation/decisions.ts'

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

const CALLS = 2_000

/** Bytes allocated by one call: the median growth of the heap over many calls without a collection in between. */
function bytesOf(call: () => unknown): number {
  for (let warm = 0; warm < 10 * CALLS; warm++) call()
  const growths = Array.from({ length: 9 }, () => {
    collect()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < CALLS; index++) call()
    return (process.memoryUsage().heapUsed - before) / CALLS
  })
  return growths.sort((a, b) => a - b)[4] ?? Number.NaN
}

describe('a request', () => {
  it('allocates little to find its route and decide its flag', () => {
    expect(bytesOf(requestsOf('flags', 1))).toBeLessThan(1_000)
  })

  it('allocates no more where there are thousands of flags, rules or conditions', () => {
    const least = bytesOf(requestsOf('flags', 1))
    expect(bytesOf(requestsOf('flags', 5_000))).toBeLessThan(1.5 * least + 100)
    expect(bytesOf(requestsOf('rules', 50))).toBeLessThan(1.5 * least + 100)
    expect(bytesOf(requestsOf('conditions', 50))).toBeLessThan(1.5 * least + 100)
  })

  it('allocates no more for a thousand routes than for a few', () => {
    expect(bytesOf(requestsOf('routes', 1_000))).toBeLessThan(1.5 * bytesOf(requestsOf('routes', 20)) + 100)
  })
})

const ROUTES = Array.from({ length: 1_000 }, (_, index) => ({ path: `/area-${index}/*`, origin: 'old' }))

function snapshotOf(flags: object) {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' } },
    routes: [...ROUTES, { path: '/*', origin: 'old' }],
    flags,
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return compileSnapshot(parsed.value)
}

/** How often a decision asks for an attribute of the visitor. */
function questionsOf(rules: readonly object[], attributes: Record<string, string>): number {
  const flags = { asked: { variants: { on: true, off: false }, off: 'off', rules } }
  const snapshot = snapshotOf(flags)
  const control = compileControl(INITIAL_CONTROL_STATE, [])
  const inputs = { flags: snapshot.flags, control, environment: 'production', nowMs: 0, overrides: undefined }
  const flag = snapshot.flags.get('asked')
  if (flag === undefined) throw new Error('The flag is gone')
  let questions = 0
  const attribute = (name: string) => {
    questions++
    return attributes[name]
  }
  decide(flag, { targetingKey: () => 'visitor', attribute }, inputs)
  return questions
}

describe('a decision asks for', () => {
  const rule = (country: string) => ({
    when: [
      { attribute: 'country', op: 'in', values: [country] },
      { attribute: 'device', op: 'in', values: ['mobile'] },
    ],
    serve: 'on',
  })

  it('nothing behind the first rule that decides', () => {
    const rules = [rule('RO'), ...Array.from({ length: 40 }, () => rule('US'))]
    expect(questionsOf(rules, { country: 'RO', device: 'mobile' })).toBe(2)
  })

  it('nothing behind the first condition that does not hold', () => {
    const rules = Array.from({ length: 40 }, () => rule('US'))
    expect(questionsOf(rules, { country: 'RO', device: 'mobile' })).toBe(40)
  })
})

it('of a thousand routes only those are asked that may take the path', () => {
  const { routeIndex } = snapshotOf({})
  expect(routeIndex?.candidates('/area-17/picture')).toEqual([17, 1_000])
  expect(routeIndex?.candidates('/elsewhere')).toEqual([1_000])
})
