/** What an edit asks costs in proportion to the documents; what can't be compared at that cost counts as if it let everybody in. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import type { GateDocument, RouteConfig } from '../../../../src/core/config/schema/document.ts'
import { withDocument } from '../../../../src/core/rollout/edits/document-change.ts'
import { ladderOf, laddersOf, shareOf } from '../../../../src/core/rollout/edits/ladders.ts'
import { placesOf } from '../../../../src/core/rollout/edits/places.ts'
import { questionsOf } from '../../../../src/core/rollout/edits/questions.ts'
import type { ReachSide } from '../../../../src/core/rollout/edits/serving.ts'

const numbers = (length: number) => Array.from({ length }, (_, index) => index)
const staged = (parts: object = {}) => ({
  variants: { on: true, off: false },
  off: 'off',
  rules: [{ serve: 'on', stages: [{ percentage: 50 }, { percentage: 100 }] }],
  guard: { errors: {} },
  ...parts,
})
const SITE = { path: '/*', flag: 'site', origins: { on: 'new', off: 'old' } }

function documentOf(flags: object, routes: object[]): GateDocument {
  const origins = { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } }
  const parsed = parseDocumentValue({ origins, routes, flags })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems.slice(0, 3)))
  return parsed.value
}

/** How often something is read of objects that are watched. */
class Reads {
  count = 0

  watch<T extends object>(object: T, key: keyof T): T {
    const value = object[key]
    const get = () => {
      this.count++
      return value
    }
    return Object.defineProperty({ ...object }, key, { get, enumerable: true })
  }
}

function sideOf(document: GateDocument, before?: ReachSide): ReachSide {
  const loaded = { document, snapshot: compileSnapshot(document) }
  const state = before?.state ?? INITIAL_CONTROL_STATE
  const inputs = {
    ladders: laddersOf(loaded, state),
    word: 'confirmed' as const,
    shareBefore: (flag: string) =>
      before && shareOf(before, flag, state.flags[flag] ?? { generation: 1, stage: 0 }),
    ladderBefore: (flag: string) => before && ladderOf(before, flag),
  }
  return { ...loaded, state: withDocument(state, inputs).state }
}

const routesBy = (count: number, pathOf: (index: number) => string) =>
  numbers(count).map((index) => ({ path: pathOf(index), origin: 'old' }) as RouteConfig)

describe('places of routes', () => {
  const readsOf = (count: number, pathOf: (index: number) => string) => {
    const reads = new Reads()
    const routes = routesBy(count, pathOf).map((route) => reads.watch(route, 'path'))
    const { isCut } = placesOf([], routes)
    return { isCut, reads: reads.count }
  }

  it.each([
    ['exact', (index: number) => `/z${index}/b`],
    ['open', (index: number) => `/z${index}/:a/b`],
    ['open first', (index: number) => `/:a/z${index}/b`],
  ])('read each %s route as often, however many there are', (_, pathOf) => {
    const [few, many] = [readsOf(200, pathOf), readsOf(400, pathOf)]
    expect(many).toEqual({ isCut: false, reads: 2 * few.reads })
  })

  it.each<[string, RouteConfig[]]>([
    ['pairs of routes', routesBy(6_000, (index) => `/z${index}/:a/b`)],
    ['routes that all meet', routesBy(300, (index) => `/:a${index}/:b/:c/:d/:e/*`)],
    ['segments', routesBy(1, () => '/a'.repeat(101))],
    ['characters', routesBy(1, () => `/${'a'.repeat(4_000)}/*`)],
    [
      'hosts and methods',
      [
        {
          path: '/*',
          host: numbers(3_000).map((each) => `h${each}.test`),
          method: numbers(500).map((each) => `M${each}`),
        } as RouteConfig,
      ],
    ],
  ])('are cut where there are too many %s', (_, routes) => {
    expect(placesOf([], routes).isCut).toBe(true)
  })
})

it('an edit of more routes than can be compared counts as one that leads to a canary', () => {
  const before = sideOf(documentOf({ site: staged() }, [SITE]))
  const routes = [...routesBy(6_000, (index) => `/z${index}/:a/b`), SITE]
  const after = sideOf(documentOf({ site: staged() }, routes), before)
  expect(questionsOf(before, after).filter(({ kind }) => kind === 'reach')).toEqual([
    { flag: 'site', kind: 'reach', text: 'too many routes to tell whom they lead to a canary' },
  ])
})

it('an edit of a thousand routes is compared in full', () => {
  const before = sideOf(documentOf({ site: staged() }, [SITE]))
  const routes = routesBy(1_000, (index) => `/z${index}/:a/b`)
  const safe = sideOf(documentOf({ site: staged() }, [...routes, SITE]), before)
  expect(questionsOf(before, safe)).toEqual([])
  const [, ...others] = routes
  const open = sideOf(
    documentOf({ site: staged() }, [{ path: '/z/:a/c', origin: 'new' }, ...others, SITE]),
    before,
  )
  expect(questionsOf(before, open).map(({ text }) => text)).toEqual([
    '/z/:a/c: visitors may newly reach origin new, which site holds back at 50 %',
  ])
})

it('the canary of a flag is looked up once, however many routes it has', () => {
  const readsOf = (count: number) => {
    const routes = numbers(count).map((index) => ({ ...SITE, path: `/z${index}` }))
    const before = sideOf(documentOf({ site: staged() }, [...routes, SITE]))
    const next = documentOf({ site: staged({ variants: { on: true, off: false, more: 1 } }) }, [
      ...routes.map((route) => ({ ...route, origins: { ...SITE.origins, more: 'old' } })),
      { ...SITE, origins: { ...SITE.origins, more: 'old' } },
    ])
    const after = sideOf(next, before)
    const reads = new Reads()
    const site = reads.watch(next.flags.site as GateDocument['flags'][string], 'variants')
    questionsOf(before, { ...after, document: { ...next, flags: { site } } })
    return reads.count
  }
  expect(readsOf(40)).toBe(readsOf(20))
})

describe('flags that require all flags after them', () => {
  const readsOf = (count: number) => {
    const keys = numbers(count).map((index) => `f${index}`)
    const flags = (percentage: number) =>
      Object.fromEntries(
        keys.map((key, index) => [
          key,
          staged({
            rules: [{ serve: 'on', percentage: index === count - 1 ? percentage : 50 }],
            requires: keys.slice(index + 1),
          }),
        ]),
      )
    const before = sideOf(documentOf(flags(10), [SITE_LESS]))
    const next = documentOf(flags(20), [SITE_LESS])
    const after = sideOf(next, before)
    const reads = new Reads()
    const watched = Object.entries(next.flags).map(([key, flag]) => [key, reads.watch(flag, 'requires')])
    const asked = questionsOf(before, { ...after, document: { ...next, flags: Object.fromEntries(watched) } })
    return { reads: reads.count, admitted: asked.filter(({ kind }) => kind === 'admitted').length }
  }
  const SITE_LESS = { path: '/*', origin: 'old' }

  it('are each asked as often, however many ways lead to them', () => {
    const [few, many] = [readsOf(9), readsOf(18)]
    // By each that a flag requires it opens, and the last one by its own percentage.
    expect([few.admitted, many.admitted]).toEqual([37, 154])
    expect(many.reads).toBeLessThanOrEqual(2.1 * few.reads)
  })
})

it('each rule of a flag is looked at as often, however many there are', () => {
  const readsOf = (count: number) => {
    const rules = [
      ...numbers(count).map(() => ({ when: [{ attribute: 'city', op: 'exists' }], serve: 'on' })),
    ]
    const flags = (percentage: number) => ({
      site: staged({ rules: [...rules, { serve: 'on', percentage }] }),
    })
    const before = sideOf(documentOf(flags(10), [SITE]))
    const next = documentOf(flags(20), [SITE])
    const after = sideOf(next, before)
    const reads = new Reads()
    const site = next.flags.site as GateDocument['flags'][string]
    const watched = { ...site, rules: site.rules.map((rule) => reads.watch(rule, 'percentage')) }
    questionsOf(before, { ...after, document: { ...next, flags: { site: watched } } })
    return reads.count
  }
  expect(readsOf(400)).toBeLessThanOrEqual(2.1 * readsOf(200))
})

describe('flags that come in the place of others', () => {
  const routesOf = (keys: readonly string[]) => keys.map((flag) => ({ ...SITE, path: `/${flag}`, flag }))
  const documentWith = (keys: readonly string[]) =>
    documentOf(Object.fromEntries(keys.map((key) => [key, staged()])), [
      ...routesOf(keys),
      { path: '/*', origin: 'old' },
    ])

  it('look at each route as often, however many flags there are', () => {
    const readsOf = (count: number) => {
      const before = sideOf(documentWith(['gone']))
      const after = sideOf(documentWith(numbers(count).map((index) => `f${index}`)), before)
      const reads = new Reads()
      const routes = after.snapshot.routes.map((route) => reads.watch(route, 'target'))
      questionsOf(before, { ...after, snapshot: { ...after.snapshot, routes } })
      return reads.count
    }
    expect(readsOf(200)).toBeLessThanOrEqual(2.1 * readsOf(100))
  })

  it('ask for all where too many take the place of too many', () => {
    const keys = (prefix: string, count: number) => numbers(count).map((index) => `${prefix}${index}`)
    const before = sideOf(documentWith(keys('old', 110)))
    const after = sideOf(documentWith(keys('new', 110)), before)
    const asked = questionsOf(before, after).filter(({ text }) => text.includes('too many to tell'))
    expect(asked).toEqual([
      { flag: 'new90', kind: 'raised', text: '19 more flags come, too many to tell whose place they take' },
    ])
  })
})
