/**
 * Ways into a canary that don't look like one: the off variant, another spelling of its origin, a flag that it requires. Publishing
 * asks, and a document in KV is refused.
 */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { type ControlState, INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { withDocument } from '../../../../src/core/rollout/edits/document-change.ts'
import { unconfirmedEntries } from '../../../../src/core/rollout/edits/entering.ts'
import { ladderOf, laddersOf, shareOf } from '../../../../src/core/rollout/edits/ladders.ts'
import { questionsOf } from '../../../../src/core/rollout/edits/questions.ts'

const ORIGINS = { old: { url: 'http://127.0.0.1:5301' }, new: { url: 'http://127.0.0.1:5302' } }
const ON_OFF = { variants: { on: true, off: false }, off: 'off' }
const at = (percentage: number, more: object = {}) => ({
  ...ON_OFF,
  rules: [{ serve: 'on', stages: [{ percentage }, { percentage: 100 }] }],
  guard: { errors: {} },
  ...more,
})
const dep = (percentage: number, more: object = {}) => ({
  ...ON_OFF,
  rules: [{ serve: 'on', percentage }],
  ...more,
})
const SHOP = { path: '/shop/*', flag: 'f', origins: { on: 'new', off: 'old' } }
const REST = { path: '/*', origin: 'old' }
type Parts = { origins?: object; routes?: object[]; flags?: object; defaultOrigin?: string }

function load({ origins = ORIGINS, routes = [SHOP, REST], flags, defaultOrigin }: Parts) {
  const parsed = parseDocumentValue({
    origins,
    routes,
    flags: { f: at(5), ...flags },
    ...(defaultOrigin && { defaultOrigin }),
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return { document: parsed.value, snapshot: compileSnapshot(parsed.value) }
}
type World = ReturnType<typeof load> & { state: ControlState }

function under(next: ReturnType<typeof load>, before?: World): ControlState {
  const state = before?.state ?? INITIAL_CONTROL_STATE
  return withDocument(state, {
    ladders: laddersOf(next, state),
    word: 'confirmed',
    shareBefore: (flag) => before && shareOf(before, flag, state.flags[flag] ?? { generation: 1, stage: 0 }),
    ladderBefore: (flag) => before && ladderOf(before, flag),
  }).state
}

/** How many reasons there are to ask for, and to refuse in KV. */
function reasons(was: Parts, is: Parts, change: (state: ControlState) => ControlState = (state) => state) {
  const [loaded, next] = [load(was), load(is)]
  const before = { ...loaded, state: change(under(loaded)) }
  const kinds = ['raised', 'admitted', 'reach', 'reopened']
  const asked = questionsOf(before, { ...next, state: under(next, before) })
  return {
    published: asked.filter(({ kind }) => kinds.includes(kind)).map(({ text }) => text),
    kv: unconfirmedEntries(before, next),
  }
}

function expectAsked(...args: Parameters<typeof reasons>): void {
  const { published, kv } = reasons(...args)
  expect(published, 'published').not.toEqual([])
  expect(kv, 'kv').not.toEqual([])
}
function expectFree(...args: Parameters<typeof reasons>): void {
  expect(reasons(...args)).toEqual({ published: [], kv: [] })
}
const change = (more: object) => (state: ControlState) => ({
  ...state,
  flags: { f: { generation: 1, stage: 0, ...state.flags.f, ...more } },
})
const rolledBack = change({ rolledBack: { atMs: 0, reason: 'worse' } })

describe('what is served outside the canary becomes the canary’s', () => {
  it.each<[string, Parts]>([
    ['off', { flags: { f: at(5, { off: 'on' }) } }],
    [
      'off of a flag that is disabled by the same edit',
      { flags: { f: at(5, { off: 'on', enabled: false }) } },
    ],
    ['the value of off', { flags: { f: at(5, { variants: { on: true, off: true } }) } }],
    [
      'a new variant as off, with the canary’s origin',
      {
        flags: { f: at(5, { variants: { on: true, off: false, x: 2 }, off: 'x' }) },
        routes: [{ ...SHOP, origins: { on: 'new', off: 'old', x: 'new' } }, REST],
      },
    ],
    ['the route’s origin of off', { routes: [{ ...SHOP, origins: { on: 'new', off: 'new' } }, REST] }],
    ['the URL of control', { origins: { ...ORIGINS, old: ORIGINS.new } }],
    ['the default origin', { routes: [SHOP], defaultOrigin: 'new' }],
  ])('%s', (_, is) => {
    const was = is.defaultOrigin ? { routes: [SHOP], defaultOrigin: 'old' } : {}
    expectAsked(was, is)
    expectAsked(was, is, rolledBack)
    expectFree(was, was)
  })

  it('also where no route asks the flag', () => {
    const routes = [REST]
    expectAsked({ routes }, { routes, flags: { f: at(5, { off: 'on' }) } })
    expectAsked({ routes }, { routes, flags: { f: at(5, { off: 'on' }) } }, rolledBack)
  })

  it('not where everybody has it already', () => {
    const finished = change({ stage: 1, percentage: 100, finished: true })
    expectFree({}, { flags: { f: at(5, { off: 'on', rules: [{ serve: 'off', percentage: 0 }] }) } }, finished)
  })
})

describe('the canary’s origin by another spelling', () => {
  const SPELLINGS = [
    'http://127.0.0.1:05302',
    'http://127.1:5302',
    'http://127.0.0.1:5302/./',
    'http://127.0.0.1:5302/x',
    'http://localhost:5302',
    'http://x.LOCALHOST.:5302',
    'http://0x7f000001:5302',
    'http://2130706433:5302',
    'http://[::1]:5302',
    'http://[::ffff:127.0.0.1]:5302',
    'https://127.0.0.1:5302',
  ]
  it.each(SPELLINGS)('%s', (url) => {
    const origins = { ...ORIGINS, alias: { url } }
    expectAsked({}, { origins, routes: [SHOP, { path: '/*', origin: 'alias' }] })
    expectAsked({}, { origins, routes: [{ ...SHOP, origins: { on: 'new', off: 'alias' } }, REST] })
    expectAsked({}, { origins: { ...ORIGINS, old: { url } } })
  })

  it('a Worker by the same binding', () => {
    const origins = { ...ORIGINS, new: { binding: 'NEW' } }
    const again = { ...origins, alias: { binding: 'NEW', url: 'http://any.test' } }
    expectAsked({ origins }, { origins: again, routes: [SHOP, { path: '/*', origin: 'alias' }] })
  })

  it('control on the canary’s host is known by its exact URL, and anything else there is the canary', () => {
    const host = 'http://shop.test'
    const origins = { old: { url: `${host}/v1` }, new: { url: `${host}/v2` } }
    const to = (url: string) => ({
      origins: { ...origins, alias: { url } },
      routes: [SHOP, { path: '/*', origin: 'alias' }],
    })
    for (const path of ['', '/v2', '/v1/../v2', '/%762']) expectAsked({ origins }, to(`${host}${path}`))
    expectFree({ origins }, to('https://SHOP.test:443/v1/'))
    expectFree({ origins }, to('http://other.test/v2'))
  })
})

describe('a flag that the rollout requires', () => {
  const needs = (...requires: unknown[]) => ({ f: at(50, { requires }) })
  const serving = (serve: unknown) => ({ rules: [{ serve }] })
  it.each<[string, unknown, object, object]>([
    ['serves more', 'dep', dep(30), dep(38)],
    ['is enabled', 'dep', dep(30, { enabled: false }), dep(30)],
    ['has another rule', 'dep', dep(0), { ...ON_OFF, rules: [{ serve: 'on' }] }],
    ['has another salt', 'dep', dep(30), dep(30, { salt: 'other' })],
    ['serves its off to fewer', 'dep', dep(30, serving('off')), dep(30, serving('on'))],
    ['serves less where it must be off', { flag: 'dep', on: false }, dep(38), dep(30)],
    ['is disabled where it must be off', { flag: 'dep', on: false }, dep(38), dep(38, { enabled: false })],
    ['serves more of a variant', { flag: 'dep', variants: ['on'] }, dep(30), dep(38)],
    ['serves less, but its off counts', { flag: 'dep', variants: ['off'] }, dep(38), dep(30)],
    ['has another off', 'dep', dep(30), dep(30, { off: 'on', rules: [{ serve: 'off', percentage: 30 }] })],
  ])('%s', (_, requirement, was, is) => {
    const flags = needs(requirement)
    expectAsked({ flags: { ...flags, dep: was } }, { flags: { ...flags, dep: is } })
  })

  it('is required by one between', () => {
    const flags = (base: number, on: boolean) => ({
      ...needs({ flag: 'dep', on }),
      dep: dep(60, { requires: ['base'] }),
      base: dep(base),
    })
    expectAsked({ flags: flags(10, true) }, { flags: flags(20, true) })
    expectAsked({ flags: flags(20, false) }, { flags: flags(10, false) })
    expectFree({ flags: flags(20, true) }, { flags: flags(10, true) })
    expectFree({ flags: flags(10, false) }, { flags: flags(20, false) })
  })

  it('opens another flag that leads to the canary’s origin', () => {
    const routes = [{ path: '/a', flag: 'g', origins: { on: 'new', off: 'old' } }, SHOP, REST]
    const flags = (percentage: number) => ({ g: dep(80, { requires: ['dep'] }), dep: dep(percentage) })
    expectAsked({ routes, flags: flags(10) }, { routes, flags: flags(11) })
    expectFree({ routes, flags: flags(11) }, { routes, flags: flags(10) })
  })

  it.each<[string, unknown, object, object]>([
    ['serves less', 'dep', dep(38), dep(30)],
    ['is disabled', 'dep', dep(38), dep(38, { enabled: false })],
    ['serves more where it must be off', { flag: 'dep', on: false }, dep(30), dep(38)],
    ['has other words', 'dep', dep(30), dep(30, { description: 'what it is' })],
    ['is closed before and after', 'dep', dep(30, { enabled: false }), dep(60, { enabled: false })],
  ])('lets no visitor in where it %s', (_, requirement, was, is) => {
    const flags = needs(requirement)
    expectFree({ flags: { ...flags, dep: was } }, { flags: { ...flags, dep: is } })
  })

  it('lets no visitor into a rollout that is closed or finished', () => {
    const flags = (percentage: number) => ({ ...needs('dep'), dep: dep(percentage) })
    expectFree({ flags: flags(30) }, { flags: flags(100) }, rolledBack)
    const finished = change({ stage: 1, percentage: 100, finished: true })
    expectFree({ flags: flags(30) }, { flags: flags(100) }, finished)
  })
})
