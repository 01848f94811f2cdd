/** Every way by which a document may newly lead visitors to an origin that a running rollout holds back is asked for. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { type ControlState, INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { withDocument } from '../../../../src/core/rollout/edits/document-change.ts'
import { ladderOf, laddersOf, shareOf } from '../../../../src/core/rollout/edits/ladders.ts'
import { questionsOf } from '../../../../src/core/rollout/edits/questions.ts'

const ORIGINS = {
  old: { url: 'http://old.test' },
  new: { url: 'http://new.test' },
  third: { url: 'http://third.test' },
}
const staged = (stages: number[], more: object = {}) => ({
  variants: { on: true, off: false },
  off: 'off',
  rules: [{ name: 'canary', serve: 'on', stages: stages.map((percentage) => ({ percentage })), ...more }],
  guard: { errors: {} },
})
const plain = (rules: object[], more: object = {}) => ({
  variants: { on: true, off: false },
  off: 'off',
  rules,
  ...more,
})
const TO_NEW = { on: 'new', off: 'old' }
const F = { path: '/*', flag: 'f', origins: TO_NEW }
const OLD = { path: '/*', origin: 'old' }
const SHOP = { path: '/shop/*', flag: 'f', origins: TO_NEW }

type Parts = {
  origins?: object
  routes?: object[]
  flags?: object
  defaultOrigin?: string
  context?: object
}

function load({ origins = ORIGINS, routes = [F], flags = {}, ...rest }: Parts) {
  const parsed = parseDocumentValue({ origins, routes, flags: { f: staged([5, 100]), ...flags }, ...rest })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return { document: parsed.value, snapshot: compileSnapshot(parsed.value) }
}

function named(loaded: ReturnType<typeof load>, before?: ReturnType<typeof load> & { state: ControlState }) {
  const state = before?.state ?? INITIAL_CONTROL_STATE
  return withDocument(state, {
    ladders: laddersOf(loaded, state),
    word: 'confirmed',
    shareBefore: (flag) => before && shareOf(before, flag, state.flags[flag] ?? { generation: 1, stage: 0 }),
    ladderBefore: (flag) => before && ladderOf(before, flag),
  }).state
}

/** What is asked of ways to a canary's origin. `change`: of the state before, by commands. */
function asked(was: Parts, is: Parts, change: (state: ControlState) => ControlState = (state) => state) {
  const loaded = load(was)
  const before = { ...loaded, state: change(named(loaded)) }
  const next = load(is)
  return questionsOf(before, { ...next, state: named(next, before) })
    .filter(({ kind }) => kind === 'reach')
    .map(({ text }) => text)
}
const reaches = (route: string, origin = 'origin new', share = '5 %') =>
  `${route}: visitors may newly reach ${origin}, which f holds back at ${share}`

describe('a way to the origin of a canary is asked for', () => {
  it.each<[string, Parts, Parts, string]>([
    [
      'a route straight there',
      { routes: [F] },
      { routes: [{ path: '/checkout/*', origin: 'new' }, F] },
      reaches('/checkout/*'),
    ],
    [
      'for one host or method alone',
      { routes: [F] },
      { routes: [{ path: '/*', host: '*.shop.test', method: 'POST', origin: 'new' }, F] },
      reaches('*.shop.test/*'),
    ],
    [
      'another path for the flag',
      { routes: [SHOP, OLD] },
      { routes: [SHOP, { path: '/cart/*', flag: 'f', origins: TO_NEW }, OLD] },
      reaches('/cart/*'),
    ],
    [
      'a wider path of the route that is there',
      { routes: [{ path: '/new/*', origin: 'new' }, SHOP, OLD] },
      { routes: [{ path: '/n*', origin: 'new' }, SHOP, OLD] },
      reaches('/n*'),
    ],
    [
      'the flag’s origins in each other’s place',
      { routes: [F] },
      { routes: [{ ...F, origins: { on: 'old', off: 'new' } }] },
      reaches('/*'),
    ],
    [
      'a second flag with the same origin',
      { routes: [F], flags: { g: staged([50, 100]) } },
      { routes: [{ path: '/a/*', flag: 'g', origins: TO_NEW }, F], flags: { g: staged([50, 100]) } },
      reaches('/a/*'),
    ],
    [
      'a second flag that serves more',
      {
        routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F],
        flags: { g: plain([{ serve: 'on', percentage: 1 }]) },
      },
      {
        routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F],
        flags: { g: plain([{ serve: 'on', percentage: 2 }]) },
      },
      reaches('/a'),
    ],
    [
      'a second flag whose first rule lets more pass',
      {
        routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F],
        flags: { g: plain([{ serve: 'off', percentage: 90 }, { serve: 'on' }]) },
      },
      {
        routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F],
        flags: { g: plain([{ serve: 'off', percentage: 80 }, { serve: 'on' }]) },
      },
      reaches('/a'),
    ],
    [
      'a second flag that is enabled',
      {
        routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F],
        flags: { g: plain([{ serve: 'on' }], { enabled: false }) },
      },
      { routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F], flags: { g: plain([{ serve: 'on' }]) } },
      reaches('/a'),
    ],
    [
      'an attribute of a second flag’s condition that has another source',
      {
        routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F],
        context: { attributes: { plan: { header: 'x-plan' } } },
        flags: { g: plain([{ serve: 'on', when: [{ attribute: 'plan', op: 'exists' }] }]) },
      },
      {
        routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F],
        context: { attributes: { plan: { header: 'host' } } },
        flags: { g: plain([{ serve: 'on', when: [{ attribute: 'plan', op: 'exists' }] }]) },
      },
      reaches('/a'),
    ],
    [
      'a new URL of the stable origin',
      { routes: [{ path: '/a', origin: 'third' }, F] },
      {
        routes: [{ path: '/a', origin: 'third' }, F],
        origins: { ...ORIGINS, third: { url: 'http://NEW.test:80/' } },
      },
      reaches('/a', 'origin third'),
    ],
    [
      'another name of the same URL',
      { routes: [F] },
      {
        routes: [{ path: '/a', origin: 'again' }, F],
        origins: { ...ORIGINS, again: { url: 'http://new.test/' } },
      },
      reaches('/a', 'origin again'),
    ],
    [
      'the default origin',
      { routes: [SHOP, { path: '/a', origin: 'old' }], defaultOrigin: 'old' },
      { routes: [SHOP, { path: '/a', origin: 'old' }], defaultOrigin: 'new' },
      reaches('requests without a route'),
    ],
    [
      'a route that goes, so that a later one takes its requests',
      { routes: [{ path: '/a/*', origin: 'old' }, { path: '/a*', origin: 'new' }, F] },
      { routes: [{ path: '/a*', origin: 'new' }, F] },
      reaches('/a*'),
    ],
    [
      'routes in another order, where only some requests meet both',
      { routes: [{ path: '/:any/b', origin: 'old' }, { path: '/a/*', origin: 'new' }, F] },
      { routes: [{ path: '/a/*', origin: 'new' }, { path: '/:any/b', origin: 'old' }, F] },
      reaches('/a/*'),
    ],
    [
      'a flag that goes, with a route to its canary in place',
      { routes: [F], flags: { g: plain([]) } },
      { routes: [{ path: '/*', origin: 'new' }] },
      reaches('/*'),
    ],
    [
      'a canary’s next origin, before it is one',
      { routes: [{ path: '/a', origin: 'old' }, F] },
      {
        routes: [
          { path: '/a', origin: 'third' },
          { ...F, origins: { on: 'third', off: 'old' } },
        ],
      },
      reaches('/a', 'origin third'),
    ],
    [
      'deep below an open path',
      { routes: [{ path: '/:a', origin: 'new' }, { path: '/:a/:b', origin: 'new' }, F] },
      {
        routes: [
          { path: '/:a', origin: 'new' },
          { path: '/:a/:b', origin: 'new' },
          { path: '/*', origin: 'new' },
        ],
      },
      reaches('/*'),
    ],
  ])('%s', (_, was, is, text) => {
    expect(asked(was, is)).toContain(text)
    expect(asked(was, was)).toEqual([])
  })

  it('where the rollout is closed, or at 100 % for some countries alone', () => {
    const rolledBack = { atMs: 0, reason: 'worse' }
    const close = (state: ControlState) => ({
      ...state,
      flags: { f: { generation: 1, stage: 0, ...state.flags.f, rolledBack } },
    })
    const next = { routes: [{ path: '/a', origin: 'new' }, F] }
    expect(asked({}, next, close)).toEqual([reaches('/a')])
    const abroad = { f: staged([100], { when: [{ attribute: 'country', op: 'in', values: ['RO'] }] }) }
    const open = (parts: Parts) => ({ ...parts, flags: { ...abroad } })
    expect(asked(open({}), open(next))).toEqual([reaches('/a', 'origin new', '99 %')])
  })

  it('names five routes, and says how many more there are', () => {
    const routes = [...'abcdefg'].map((name) => ({ path: `/${name}`, origin: 'new' }))
    const texts = asked({}, { routes: [...routes, F] })
    expect(texts).toHaveLength(6)
    expect(texts.at(-1)).toBe('2 more routes newly lead to what rollouts hold back')
  })
})

describe('what provably leads no visitor to a canary is not asked for', () => {
  const finished = (state: ControlState): ControlState => ({
    ...state,
    flags: { f: { ...(state.flags.f ?? { generation: 1, stage: 1 }), percentage: 100, finished: true } },
  })
  it.each<[string, Parts, Parts, ((state: ControlState) => ControlState)?]>([
    ['a route to another origin', { routes: [F] }, { routes: [{ path: '/blog/*', origin: 'third' }, F] }],
    ['a route back to the stable one', { routes: [F] }, { routes: [{ path: '/blog/*', origin: 'old' }, F] }],
    [
      'a route inside one that leads there already',
      { routes: [{ path: '/a/*', origin: 'new' }, F] },
      { routes: [{ path: '/a/b', origin: 'new' }, { path: '/a/*', origin: 'new' }, F] },
    ],
    [
      'a flag that serves no one',
      { routes: [F] },
      { routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F], flags: { g: plain([]) } },
    ],
    [
      'a flag at 0 %',
      { routes: [F] },
      { routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F], flags: { g: staged([0, 100]) } },
    ],
    [
      'a second flag that serves fewer',
      {
        routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F],
        flags: { g: plain([{ serve: 'on', percentage: 2 }]) },
      },
      {
        routes: [{ path: '/a', flag: 'g', origins: TO_NEW }, F],
        flags: { g: plain([{ serve: 'on', percentage: 1 }]) },
      },
    ],
    ['other words', { routes: [F] }, { routes: [F], flags: { h: plain([]) } }],
    ['more stages above', { routes: [F] }, { routes: [F], flags: { f: staged([5, 50, 100]) } }],
    [
      'routes that never meet in another order',
      { routes: [{ path: '/a', origin: 'new' }, { path: '/b', origin: 'old' }, F] },
      { routes: [{ path: '/b', origin: 'old' }, { path: '/a', origin: 'new' }, F] },
    ],
    [
      'a rollout that is finished and goes',
      { routes: [F] },
      { routes: [{ path: '/*', origin: 'new' }] },
      finished,
    ],
  ])('%s', (_, was, is, change) => {
    expect(asked(was, is, change)).toEqual([])
  })
})
