/**
 * No sequence of edits, commands and verdicts lets a visitor newly reach what a running rollout holds back, by routes, origins,
 * other flags, flags that it requires, its off variant, rules beside it, or a rollout that leaves and comes back, without a person's confirmation of that
 * very edit. Nor does a guard get lost on the way.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileSnapshot, findTarget } from '../../../../src/core/config/compile/snapshot.ts'
import {
  type ControlState,
  compileControl,
  INITIAL_CONTROL_STATE,
} from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { staticContext } from '../../../../src/core/context/attributes.ts'
import { decide } from '../../../../src/core/decision/decide.ts'
import type { Evidence, Judgement } from '../../../../src/core/guard/index.ts'
import { applyCommand, COMMANDS, type Command, flagStatus } from '../../../../src/core/rollout/commands.ts'
import { withDocument } from '../../../../src/core/rollout/edits/document-change.ts'
import { unconfirmedEntries } from '../../../../src/core/rollout/edits/entering.ts'
import { ladderOf, laddersOf, shareOf } from '../../../../src/core/rollout/edits/ladders.ts'
import { questionsOf } from '../../../../src/core/rollout/edits/questions.ts'
import { departedKeys } from '../../../../src/core/rollout/edits/replacement.ts'
import { compilePlans } from '../../../../src/core/rollout/plan.ts'
import { stepRollout } from '../../../../src/core/rollout/step.ts'
import { SEED } from '../../../support/seed.ts'

const NEW = 'http://127.0.0.1:5302'
const OLD = 'http://127.0.0.1:5301'
/** All of them are the canary's origin. */
const SPELLINGS = [
  `${NEW}/`,
  `${NEW}/x`,
  'http://127.0.0.1:05302',
  'http://127.1:5302/./',
  'http://0x7f000001:5302',
  'http://2130706433:5302',
  'http://LOCALHOST.:5302',
  'https://x.localhost:5302',
  'http://[::1]:5302',
  'http://[::ffff:127.0.0.1]:5302',
]
const VISITORS = Array.from({ length: 60 }, (_, index) => ({
  id: `user-${index}`,
  isTester: index % 7 === 0,
}))
const PLACES = ['/', '/shop/1', '/a/1', '/b/1', '/a/b']

type Requirement = 'dep' | { flag: 'dep'; on?: boolean; variants?: string[] }
type Route = { path: string; to: 'old' | 'new' | 'third' | 'g' }
type Draft = {
  /** Key of the rollout; undefined where it has left. */
  name: 'f' | 'h' | undefined
  stages: number[]
  hasGuard: boolean
  isEnabled: boolean
  beside: 'none' | 'testers first' | 'testers' | 'half'
  canary: 'new' | 'third'
  path: '/*' | '/shop/*'
  isSwapped: boolean
  /** Another flag, which is no rollout. */
  g: { percentage: number; to: 'new' | 'third'; isEnabled: boolean }
  routes: Route[]
  third: string
  /** Control's URL. */
  old: string
  off: 'off' | 'on'
  /** Whether the rollout, or g, requires a flag, and how. */
  needs: { f?: Requirement | undefined; g?: Requirement | undefined }
  dep: { percentage: number; isEnabled: boolean; requiresBase: boolean }
  base: number
  rest: 'old' | 'new'
}

const FIRST: Draft = {
  name: 'f',
  stages: [5, 25, 100],
  hasGuard: true,
  isEnabled: true,
  beside: 'none',
  canary: 'new',
  path: '/*',
  isSwapped: false,
  g: { percentage: 10, to: 'third', isEnabled: true },
  routes: [],
  third: 'http://third.test',
  old: OLD,
  off: 'off',
  needs: {},
  dep: { percentage: 30, isEnabled: true, requiresBase: false },
  base: 50,
  rest: 'old',
}

function rulesOf({ stages, beside }: Draft): object[] {
  const canary = {
    name: 'canary',
    serve: 'on',
    stages: stages.map((percentage) => ({ percentage, bake: '1s' })),
  }
  const testers = { name: 'testers', when: [{ attribute: 'tester', op: 'eq', values: [1] }], serve: 'on' }
  if (beside === 'none') return [canary]
  if (beside === 'half') return [canary, { name: 'half', serve: 'on', percentage: 50 }]
  return beside === 'testers' ? [canary, testers] : [testers, canary]
}

const requiring = (requirement: Requirement | undefined) => requirement && { requires: [requirement] }

/** The document of a draft; undefined where it isn't valid. */
function load(draft: Draft) {
  const { name, g, routes, rest, canary, isSwapped } = draft
  const onOff = { variants: { on: true, off: false }, off: 'off' }
  const toCanary = isSwapped ? { on: 'old', off: canary } : { on: canary, off: 'old' }
  const parsed = parseDocumentValue({
    origins: { old: { url: draft.old }, new: { url: NEW }, third: { url: draft.third } },
    context: { targetingKey: { header: 'x-user' } },
    routes: [
      ...routes.map(({ path, to }) =>
        to === 'g' ? { path, flag: 'g', origins: { on: g.to, off: 'old' } } : { path, origin: to },
      ),
      ...(name === undefined ? [] : [{ path: draft.path, flag: name, origins: toCanary }]),
      ...(name === undefined || draft.path !== '/*' ? [{ path: '/*', origin: rest }] : []),
    ],
    flags: {
      g: {
        ...onOff,
        enabled: g.isEnabled,
        ...requiring(draft.needs.g),
        rules: [{ serve: 'on', percentage: g.percentage }],
      },
      dep: {
        ...onOff,
        enabled: draft.dep.isEnabled,
        ...(draft.dep.requiresBase && { requires: ['base'] }),
        rules: [{ serve: 'on', percentage: draft.dep.percentage }],
      },
      base: { ...onOff, rules: [{ serve: 'on', percentage: draft.base }] },
      ...(name !== undefined && {
        [name]: {
          ...onOff,
          off: draft.off,
          ...requiring(draft.needs.f),
          enabled: draft.isEnabled,
          rules: rulesOf(draft),
          ...(draft.hasGuard && { guard: { ceilings: { errorRate: 0.5 } } }),
          rollout: { holdbackPercent: 0 },
        },
      }),
    },
  })
  if (!parsed.ok) return undefined
  return {
    draft,
    document: parsed.value,
    snapshot: compileSnapshot(parsed.value),
    plans: compilePlans(parsed.value),
  }
}
type Loaded = NonNullable<ReturnType<typeof load>>
type World = { loaded: Loaded; state: ControlState; seen: Loaded[] }

/** URLs by visitor and place. */
function ledTo({ snapshot }: Loaded, state: ControlState): string[] {
  const control = compileControl(state, [])
  const inputs = { flags: snapshot.flags, control, environment: 'production', nowMs: 0, overrides: undefined }
  return VISITORS.flatMap(({ id, isTester }) =>
    PLACES.map((path) => {
      const target = findTarget(snapshot, { host: 'shop.test', path, method: 'GET' })
      if (target.kind === 'origin') return target.origin.url
      const { variant } = decide(target.flag, staticContext(id, { tester: isTester ? 1 : 0 }), inputs)
      return (target.origins.get(variant) ?? target.stable).url
    }),
  )
}

const sameUrl = (url: string) => (SPELLINGS.includes(url) ? NEW : url.replace(/\/x?$/, ''))

const canarysUrl = ({ canary, third }: Draft) => sameUrl(canary === 'new' ? NEW : third)

/** Once a person has led control there, or has made the canary's variant off, nothing is held back. */
const comparesNothing = (draft: Draft) => draft.off === 'on' || canarysUrl(draft) === sameUrl(draft.old)

/** What the rollout of a document holds back now. */
function heldUrl({ loaded: { draft, document }, state }: World): string | undefined {
  if (draft.name === undefined || draft.isSwapped) return undefined
  const control = state.flags[draft.name]
  const isOpen = control?.percentage === 100 && draft.isEnabled && !flagStatus(state, draft.name).killed
  if (isOpen && !control?.rolledBack) return undefined
  return comparesNothing(draft) ? undefined : document.origins[draft.canary]?.url
}

const inputsOf = ({ loaded, state }: World, next: Loaded, word: 'confirmed' | 'unconfirmed') => ({
  ladders: laddersOf(next, state),
  word,
  shareBefore: (flag: string) => shareOf(loaded, flag, flagStatus(state, flag)),
  ladderBefore: (flag: string) => ladderOf(loaded, flag),
})

type Way = 'kv' | 'published' | 'confirmed'

/** The world after an edit; undefined where the Controller refuses it. */
function edited(world: World, edit: Partial<Draft>, way: Way): World | undefined {
  const { loaded, state, seen } = world
  const next = load({ ...loaded.draft, ...edit })
  if (next === undefined) return undefined
  const { state: after } = withDocument(
    state,
    inputsOf(world, next, way === 'kv' ? 'unconfirmed' : 'confirmed'),
  )
  if (way === 'kv' && unconfirmedEntries({ ...loaded, state }, next).length > 0) return undefined
  if (way === 'published') {
    const departed = departedKeys(state, loaded.document, next.document).flatMap((flag) => {
      const last = seen.findLast(({ document }) => Object.hasOwn(document.flags, flag))
      return last === undefined ? [] : [{ flag, loaded: last }]
    })
    if (questionsOf({ ...loaded, state }, { ...next, state: after }, departed).length > 0) return undefined
  }
  return { loaded: next, state: after, seen: [...seen, next] }
}

const targets = fc.constantFrom<Route['to']>('old', 'new', 'third', 'g')
const routes: fc.Arbitrary<Route[]> = fc.uniqueArray(
  fc.record({ path: fc.constantFrom('/a/*', '/b/*', '/:any/b', '/a/b', '/shop/*'), to: targets }),
  {
    maxLength: 3,
    selector: ({ path }) => path,
  },
)
const shares = fc.constantFrom(0, 30, 38, 100)
const requirements = fc.constantFrom<Requirement | undefined>(
  undefined,
  'dep',
  { flag: 'dep', on: false },
  { flag: 'dep', variants: ['on'] },
  { flag: 'dep', variants: ['off'] },
)
const edits: fc.Arbitrary<Partial<Draft>> = fc.oneof(
  { weight: 4, arbitrary: routes.map((list) => ({ routes: list })) },
  { weight: 3, arbitrary: fc.constantFrom('f' as const, 'h', undefined).map((name) => ({ name })) },
  {
    weight: 3,
    arbitrary: fc
      .record({
        percentage: fc.constantFrom(0, 10, 60, 100),
        to: fc.constantFrom('new' as const, 'third'),
        isEnabled: fc.boolean(),
      })
      .map((g) => ({ g })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('none' as const, 'testers', 'testers first', 'half')
      .map((beside) => ({ beside })),
  },
  { weight: 2, arbitrary: fc.boolean().map((hasGuard) => ({ hasGuard })) },
  { weight: 1, arbitrary: fc.boolean().map((isEnabled) => ({ isEnabled })) },
  { weight: 1, arbitrary: fc.boolean().map((isSwapped) => ({ isSwapped })) },
  { weight: 1, arbitrary: fc.constantFrom('/*' as const, '/shop/*').map((path) => ({ path })) },
  { weight: 1, arbitrary: fc.constantFrom('old' as const, 'new').map((rest) => ({ rest })) },
  { weight: 1, arbitrary: fc.constantFrom('new' as const, 'third').map((canary) => ({ canary })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('http://third.test', 'http://third.test/x', ...SPELLINGS)
      .map((third) => ({ third })),
  },
  {
    weight: 2,
    arbitrary: fc.subarray([1, 5, 25, 50, 100], { minLength: 1 }).map((stages) => ({ stages })),
  },
  { weight: 1, arbitrary: fc.constantFrom(OLD, OLD, ...SPELLINGS).map((old) => ({ old })) },
  { weight: 1, arbitrary: fc.constantFrom('off' as const, 'off', 'on').map((off) => ({ off })) },
  { weight: 2, arbitrary: fc.record({ f: requirements, g: requirements }).map((needs) => ({ needs })) },
  {
    weight: 3,
    arbitrary: fc
      .record({ percentage: shares, isEnabled: fc.boolean(), requiresBase: fc.boolean() })
      .map((dep) => ({ dep })),
  },
  { weight: 1, arbitrary: shares.map((base) => ({ base })) },
  // A rename that leaves something out.
  {
    weight: 2,
    arbitrary: fc.record({ name: fc.constantFrom('f' as const, 'h'), hasGuard: fc.boolean(), routes }),
  },
)

type Happening =
  | { what: 'edit'; edit: Partial<Draft>; way: Way }
  | { what: 'command'; command: Omit<Command, 'flag'> }
  | { what: 'look'; judgement: Judgement }
const happenings: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('edit' as const),
      edit: edits,
      way: fc.constantFrom<Way>('kv', 'kv', 'published', 'published', 'confirmed'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .oneof(
        fc.constantFrom(...COMMANDS).map((kind) => ({ kind })),
        fc.nat(4).map((stage) => ({ kind: 'stage' as const, stage })),
      )
      .map((command) => ({ what: 'command' as const, command })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<Judgement>(
        { kind: 'healthy' },
        { kind: 'failing', action: 'rollback', trigger: 'errors' },
      )
      .map((judgement) => ({ what: 'look' as const, judgement })),
  },
)

type Edit = { way: Way; edit: Partial<Draft>; before: World; after: World }

function told(list: readonly Happening[]): Edit[] {
  const first = load(FIRST)
  if (first === undefined) throw new Error('The first document is not valid')
  let world: World = { loaded: first, state: INITIAL_CONTROL_STATE, seen: [first] }
  world = { ...world, state: withDocument(world.state, inputsOf(world, first, 'confirmed')).state }
  const story: Edit[] = []
  const perform = (command: Command, nowMs: number) => {
    const result = applyCommand(world.state, command, ladderOf(world.loaded, command.flag), nowMs, 'because')
    if (result.ok) world = { ...world, state: result.state }
  }
  for (const [index, happening] of list.entries()) {
    const flag = world.loaded.draft.name ?? 'f'
    if (happening.what === 'edit') {
      const { edit, way } = happening
      const after = edited(world, edit, way)
      if (after === undefined) continue
      story.push({ way, edit, before: world, after })
      world = after
    } else if (happening.what === 'command') perform({ ...happening.command, flag }, index)
    else {
      const verdict = { ...happening.judgement, sentence: 'so it is', evidence: {} as Evidence }
      const plan = world.loaded.plans.get(flag)
      const control = world.state.flags[flag]
      if (plan === undefined || control === undefined) continue
      const isKilled = flagStatus(world.state, flag).killed
      const step = stepRollout({ plan, control, isKilled, verdict, permission: { allowed: true } })
      if (step.command) perform({ kind: step.command.kind, flag }, index)
    }
  }
  return story
}

/** `FUZZ_RUNS` makes it a search of minutes. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 50)

function always(check: (edit: Edit) => void): void {
  fc.assert(
    fc.property(fc.array(happenings, { maxLength: 20, size: 'max' }), (list) => {
      for (const edit of told(list)) check(edit)
    }),
    { seed: SEED, numRuns: RUNS },
  )
}

describe('under any sequence of edits of routes, origins and flags, commands and verdicts', () => {
  it('no visitor newly reaches what a running rollout holds back, unless a person confirmed that edit', () => {
    let kept = 0
    always(({ way, edit, before, after }) => {
      // A rule beside the rollout with conditions is asked for by its impact.
      if (way === 'confirmed' || (way === 'published' && edit.beside !== undefined)) return
      const held = heldUrl(before)
      if (held === undefined) return
      kept++
      const was = ledTo(before.loaded, before.state)
      // Isolates get document and state in either order.
      for (const state of [before.state, after.state])
        for (const [index, url] of ledTo(after.loaded, state).entries())
          if (sameUrl(url) === sameUrl(held))
            expect(sameUrl(was[index] ?? ''), `${way} ${JSON.stringify(edit)}`).toBe(sameUrl(held))
    })
    expect(kept).toBeGreaterThan(RUNS)
  })

  it('no guard is lost by a publication that was not confirmed, whatever the rollout is called by now', () => {
    always(({ way, edit, before, after }) => {
      if (way !== 'published' || after.loaded.draft.name === undefined) return
      const { name, isSwapped } = after.loaded.draft
      if (comparesNothing(after.loaded.draft)) return
      const last = before.seen.findLast(
        ({ draft }) =>
          draft.name === name ||
          (draft.name !== undefined &&
            !comparesNothing(draft) &&
            canarysUrl(draft) === canarysUrl(after.loaded.draft) &&
            draft.isSwapped === isSwapped),
      )
      if (last?.draft.hasGuard) expect(after.loaded.draft.hasGuard, JSON.stringify(edit)).toBe(true)
    })
  })
})
