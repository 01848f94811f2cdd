/** The evidence of copies, sample by sample: what is counted, how strong a place is, and what is said of it. */
import { describe, expect, it } from 'vitest'
import { NO_SHADOW, OTHER_ROUTES, type ShadowState, stepShadow } from '../../../src/core/shadow/evidence.ts'
import { FieldList } from '../../../src/core/shadow/fields.ts'
import {
  EVERY_ROUTE,
  type Finding,
  findingsOf,
  placesOf,
  shadowSummary,
  shadowVerdict,
} from '../../../src/core/shadow/verdict.ts'
import { findingText, ignoreText, shadowSentence } from '../../../src/core/shadow/words.ts'

const SETTINGS = { alpha: 0.01, beta: 0.05, delta: 0.02 }
const R = 'GET /a'
type Sides = Partial<Record<'canaryOnly' | 'controlOnly' | 'both', string[]>>
const step = (state: ShadowState, sides: Sides, route = R) =>
  stepShadow(
    state,
    { route, canaryOnly: [], controlOnly: [], both: [], ...sides } as Parameters<typeof stepShadow>[1],
    SETTINGS,
  )
const many = (count: number, sides: Sides, from = NO_SHADOW, route = R) =>
  Array.from({ length: count }).reduce<ShadowState>((state) => step(state, sides, route), from)
const counts = (canaryOnly: number, controlOnly: number, both: number) => ({ canaryOnly, controlOnly, both })

describe('a sample', () => {
  it('counts each field on its side, of its route and of all', () => {
    const first = step(NO_SHADOW, { canaryOnly: ['x'], controlOnly: ['y'], both: ['z'] })
    const state = step(step(first, { canaryOnly: ['x', 'y'] }), { both: ['x'] }, 'GET /b')
    const fields = { x: counts(2, 0, 0), y: counts(1, 1, 0), z: counts(0, 0, 1) }
    expect(state.samples).toBe(3)
    expect(state.byRoute).toEqual({
      [R]: { samples: 2, fields },
      'GET /b': { samples: 1, fields: { x: counts(0, 0, 1) } },
    })
    expect(state.ofAll).toEqual({ ...fields, x: counts(2, 0, 1) })
  })

  it('may have names that objects have', () => {
    const { byRoute, ofAll } = step(NO_SHADOW, { canaryOnly: ['constructor'] }, 'toString')
    expect(byRoute).toEqual({ toString: { samples: 1, fields: { constructor: counts(1, 0, 0) } } })
    expect(ofAll).toEqual({ constructor: counts(1, 0, 0) })
  })

  it('speaks for or against the same by one, whichever side differs alone', () => {
    const [none, canary, control, both] = [
      {},
      { canaryOnly: ['x', 'y'] },
      { controlOnly: ['x'] },
      { canaryOnly: ['x'], controlOnly: ['y'] },
    ].map((sides) => step(NO_SHADOW, sides))
    const wealth = (x: number) =>
      [0.1, 0.3, 0.5, 0.7, 0.9].map((lambda) => expect.closeTo(Math.log(1 - lambda * (x - 0.02)), 12))
    expect([none?.sameLogWealth, canary?.sameLogWealth, control?.sameLogWealth, both?.sameLogWealth]).toEqual(
      [...[wealth(0), wealth(1), wealth(-1), wealth(0)]],
    )
    expect([none?.excess, canary?.excess, control?.excess, both?.excess]).toEqual([
      ...[
        { canary: 0, control: 0 },
        { canary: 1, control: 0 },
        { canary: 0, control: 1 },
        { canary: 1, control: 1 },
      ],
    ])
    const again = step(canary ?? NO_SHADOW, {})
    const sum = [0.1, 0.3, 0.5, 0.7, 0.9].map((lambda) => Math.log((1 - lambda * 0.98) * (1 + lambda * 0.02)))
    expect(again.sameLogWealth).toEqual(sum.map((log) => expect.closeTo(log, 12)))
  })

  it('says nothing in a field in which control has differed from itself, more than once and in a twentieth', () => {
    const excessAfter = (samples: number, controlOnly: number, both: number) => {
      const route = { samples, fields: { x: counts(0, controlOnly, both) } }
      return step({ ...NO_SHADOW, samples, byRoute: { [R]: route } }, { canaryOnly: ['x'] }).excess.canary
    }
    expect([excessAfter(1, 1, 0), excessAfter(1, 0, 1), excessAfter(1, 1, 1)]).toEqual([1, 1, 0])
    expect([
      excessAfter(19, 1, 1),
      excessAfter(20, 1, 1),
      excessAfter(20, 1, 2),
      excessAfter(40, 2, 1),
    ]).toEqual([0, 1, 0, 1])
  })

  it('of more than 64 fields of a route, 512 of all, and 128 routes is counted where it was known', () => {
    const names = (count: number, prefix = 'f') => Array.from({ length: count }, (_, at) => `${prefix}${at}`)
    const state = step(step(NO_SHADOW, { canaryOnly: names(70) }), { canaryOnly: ['f63', 'f64'] })
    const fields = state.byRoute[R]?.fields ?? {}
    expect([Object.keys(fields).length, fields.f63?.canaryOnly, fields.f64]).toEqual([64, 2, undefined])
    expect(state.ofAll.f64?.canaryOnly).toBe(2)
    expect(Object.keys(step(NO_SHADOW, { both: names(600) }).ofAll)).toHaveLength(512)
    const routes = names(130, 'GET /').reduce((sum, route) => step(sum, {}, route), NO_SHADOW)
    expect(Object.keys(routes.byRoute)).toHaveLength(128)
    expect([
      routes.byRoute[OTHER_ROUTES]?.samples,
      routes.byRoute['GET /126']?.samples,
      routes.byRoute['GET /127'],
    ]).toEqual([...[3, 1, undefined]])
    expect(step(routes, {}, 'GET /126').byRoute['GET /126']?.samples).toBe(2)
  })
})

/** The mean of the bets' products, as a part of what is needed: 1/α over the place's part of the capital. */
const strength = (canaryOnly: number, controlOnly: number, part: number) => {
  const products = [0.6, 0.75, 0.9, 0.98].map((p) => (2 * p) ** canaryOnly * (2 - 2 * p) ** controlOnly)
  return Math.log(products.reduce((sum, each) => sum + each, 0) / 4) / Math.log(1 / (0.01 * part))
}
const [PART_OF_STATUS, PART_OF_ALL, PART_OF_ROUTE] = [0.2, 0.4 / 512, 0.4 / (128 * 64)]

describe('a place', () => {
  it('is as strong as its bets are, by its part of the capital; the strongest come first', () => {
    const state = many(
      3,
      { canaryOnly: ['x', 'status'] },
      many(2, { controlOnly: ['x', 'z'], canaryOnly: ['y'] }),
    )
    const found = findingsOf(state, SETTINGS).map(({ route, field, samples, strength: of }) => [
      route,
      field,
      samples,
      of,
    ])
    const expected = [
      [EVERY_ROUTE, 'status', 5, strength(3, 0, PART_OF_STATUS)],
      [EVERY_ROUTE, 'y', 5, strength(2, 0, PART_OF_ALL)],
      [EVERY_ROUTE, 'x', 5, strength(3, 2, PART_OF_ALL)],
      [R, 'status', 5, strength(3, 0, PART_OF_ROUTE)],
      [R, 'y', 5, strength(2, 0, PART_OF_ROUTE)],
      [R, 'x', 5, strength(3, 2, PART_OF_ROUTE)],
    ].sort((a, b) => Number(b[3]) - Number(a[3]))
    expect(found).toEqual(
      expected.map(([route, field, samples, of]) => [route, field, samples, expect.closeTo(Number(of), 10)]),
    )
  })

  it('of a route alone is not told of all routes as well', () => {
    const state = step(many(2, { canaryOnly: ['x', 'y'] }), { canaryOnly: ['y'] }, 'GET /b')
    const places = placesOf(state, SETTINGS).map(({ route, field }) => `${route} ${field}`)
    expect(places.toSorted()).toEqual(['(all routes) y', 'GET /a x', 'GET /a y', 'GET /b y'])
  })

  it('is recorded with the four strongest others', () => {
    const state = step(NO_SHADOW, { canaryOnly: ['a', 'b', 'c', 'd', 'e', 'f'] })
    const { samples, excess, findings } = shadowSummary(state, SETTINGS)
    expect([samples, excess, findings.length]).toEqual([1, { canary: 1, control: 0 }, 5])
  })
})

describe('a verdict', () => {
  it('names the routes where a difference shows, once there is enough', () => {
    const enough = (state: ShadowState) => shadowVerdict(state, SETTINGS)
    // 1.2 ** n / 4 … 1.96 ** n: a field of all routes needs 1/(0.01 · 0.4/512) = 128,000.
    const needed = Array.from({ length: 40 }, (_, n) => n).find((n) => strength(n, 0, PART_OF_ALL) >= 1) ?? 0
    expect(enough(many(needed - 1, { canaryOnly: ['x'] })).kind).toBe('collecting')
    expect(enough(many(needed, { canaryOnly: ['x'] }))).toMatchObject({
      kind: 'different',
      findings: [{ route: R, field: 'x', canaryOnly: needed }],
    })
    // Where no route has twice as many as control, all routes are named.
    const routes = Array.from({ length: needed }, (_, at) => `GET /${at}`)
    const spread = routes.reduce(
      (state, route) => step(step(state, { canaryOnly: ['x'] }, route), { controlOnly: ['y'] }, route),
      NO_SHADOW,
    )
    expect(enough(spread)).toMatchObject({
      kind: 'different',
      findings: routes.map(() => ({ field: 'x', canaryOnly: 1 })),
    })
    const even = { ...NO_SHADOW, samples: 99, ofAll: { x: counts(needed + 20, 0, 0) } }
    const half = { [R]: { samples: 99, fields: { x: counts(2, 1, 0) } } }
    const findings = (byRoute: ShadowState['byRoute']) => {
      const verdict = enough({ ...even, byRoute })
      return verdict.kind === 'different' ? verdict.findings.map(({ route }) => route) : []
    }
    expect(findings(half)).toEqual([EVERY_ROUTE])
    expect(findings({ [R]: { samples: 99, fields: { x: counts(3, 1, 0), y: counts(3, 0, 0) } } })).toEqual([
      R,
    ])
  })

  it('is the same once the best bets have grown twentyfold', () => {
    const until = (wealth: number) => ({ ...NO_SHADOW, samples: 9, sameLogWealth: [wealth, wealth, wealth] })
    expect(
      [Math.log(20) - 1e-9, Math.log(20) + 1e-9].map((wealth) => shadowVerdict(until(wealth), SETTINGS).kind),
    ).toEqual([...['collecting', 'same']])
    const one = { ...NO_SHADOW, sameLogWealth: [Number.NEGATIVE_INFINITY, Math.log(41), -2] }
    expect(shadowVerdict(one, SETTINGS).kind).toBe('collecting')
    expect(shadowVerdict({ ...one, sameLogWealth: [-900, Math.log(61), -900] }, SETTINGS).kind).toBe('same')
    const logs = (sameLogWealth: number[]) => shadowVerdict({ ...NO_SHADOW, sameLogWealth }, SETTINGS).kind
    expect([logs([]), logs([Math.log(21)]), logs([-900, Math.log(39)]), logs([900, -900])]).toEqual([
      ...['collecting', 'same', 'collecting', 'same'],
    ])
  })
})

describe('in words', () => {
  const finding: Finding = { route: R, field: '$.price', samples: 40, strength: 1, ...counts(10, 1, 2) }
  const said = (verdict: Parameters<typeof shadowSentence>[0], samples: number) =>
    shadowSentence(verdict, { ...NO_SHADOW, samples }, SETTINGS)

  it('a difference is told by route and field, in how many requests, and how often control differs from itself', () => {
    expect(findingText(finding)).toBe('GET /a $.price in 12 of 40 requests (control with itself: 3)')
    expect([ignoreText(finding), ignoreText({ route: EVERY_ROUTE, field: 'status' })]).toEqual([
      'GET /a $.price',
      'status',
    ])
    const of = (count: number) => said({ kind: 'different', findings: Array(count).fill(finding) }, 40)
    expect(of(1)).toBe(`answers differ: ${findingText(finding)}`)
    expect(of(2)).toBe(`answers differ: ${findingText(finding)}, and 1 other field`)
    expect(of(4)).toBe(`answers differ: ${findingText(finding)}, and 3 other fields`)
    expect(of(0)).toBe('answers differ')
  })

  it('the same is told with the excess that is excluded', () => {
    expect(said({ kind: 'same' }, 1)).toBe(
      "1 compared request: the canary's answers differ no more often than control's own, by up to 2 %",
    )
    expect(said({ kind: 'same' }, 258)).toMatch(/^258 compared requests: /)
  })

  it('what is collected is told with what is missing', () => {
    // ln(5 / 0.05) / ln(1 + 0.9 · 0.02) = 258.1
    expect([0, 1, 258, 259].map((samples) => said({ kind: 'collecting' }, samples))).toEqual([
      'no request was compared yet',
      '1 compared request, about 258 more to go',
      '258 compared requests, about 1 more to go',
      '259 compared requests, not enough to tell',
    ])
  })
})

describe('a list of fields', () => {
  const listed = (fill: (list: FieldList) => void) => {
    const list = new FieldList()
    fill(list)
    const steps = list.sorted()
    for (let next = steps.next(); ; next = steps.next())
      if (next.done) return next.value as ReadonlyMap<string, string[]>
  }
  const add = (values: readonly string[], name = 'x') =>
    listed((list) => {
      for (const value of values) list.add(name, value)
    })
  const numbers = (count: number) => Array.from({ length: count }, (_, at) => `${10_000 + at}`)

  it('has the values of each in order, whatever order they came in', () => {
    expect([...add(['b', 'a', 'c', 'a'])]).toEqual([['x', ['a', 'a', 'b', 'c']]])
  })

  it('keeps texts of a hundred characters; of longer ones the beginning and a hash of all', () => {
    const [exact] = add(['y'.repeat(100)]).get('x') ?? []
    expect(exact).toBe('y'.repeat(100))
    const [long = ''] = add(['y'.repeat(101)]).get('x') ?? []
    expect(long).toMatch(/^y{80}… #[\da-z]+$/)
    expect(add([`${'y'.repeat(100)}z`]).get('x')).not.toEqual([long])
    const [name = ''] = [...add(['v'], 'n'.repeat(121)).keys()]
    expect(name).toMatch(/^n{100}… #[\da-z]+$/)
    expect([...add(['v'], 'n'.repeat(120)).keys()]).toEqual(['n'.repeat(120)])
  })

  it('keeps 256 values of a field, and tells by a hash whether others differ', () => {
    expect(add(numbers(256)).get('x')).toEqual(numbers(256))
    const values = add(numbers(260).toReversed()).get('x') ?? []
    expect(values.slice(0, 256)).toEqual(numbers(256))
    expect([values.length, values[256]]).toEqual([
      257,
      expect.stringMatching(/^4 more #[\da-z]+$/) as unknown as string,
    ])
    const other = add([...numbers(259), '99999']).get('x') ?? []
    expect(other.slice(0, 256)).toEqual(values.slice(0, 256))
    expect(other[256]).not.toBe(values[256])
    // What comes before those beyond is no part of the hash.
    expect(add(['0', ...numbers(260).slice(1)]).get('x')?.[256]).toBe(values[256])
  })

  it('of more than 2,048 values has their number and a hash, in any order', () => {
    const all = numbers(2_049)
    const one = add(all).get('x')
    expect(one).toEqual([expect.stringMatching(/^2049 values #[\da-z]+$/)])
    expect(add(all.toReversed()).get('x')).toEqual(one)
    expect(add([...all.slice(1), '7']).get('x')).not.toEqual(one)
    expect(add(numbers(2_048)).get('x')).toHaveLength(257)
    expect(add(numbers(5_000)).get('x')?.[0]).toMatch(/^5000 values /)
  })

  it('has 64 fields; the others are one', () => {
    const of = (count: number, last = 'v') =>
      listed((list) => {
        for (let at = 0; at < count; at++) list.add(`f${at}`, at === count - 1 ? last : 'v')
      })
    expect(of(63).size).toBe(63)
    const fields = of(66)
    expect([fields.size, fields.get('(other fields)')]).toEqual([64, [expect.stringMatching(/^3 values #/)]])
    expect(of(66, 'w').get('(other fields)')).not.toEqual(fields.get('(other fields)'))
  })
})
