/**
 * Each kind of edit beside what it asks: of a rollout that is new, runs, waits below its stages, is closed, or is finished;
 * from the usual document to the edited one, and back. `npx vitest run --project unit test/core/rollout/edits/table -u`
 * accepts what it is now; read the diff.
 */
import { expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import {
  type ControlState,
  type FlagControl,
  INITIAL_CONTROL_STATE,
} from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { rolloutChangeText, withDocument } from '../../../../src/core/rollout/edits/document-change.ts'
import { unconfirmedEntries } from '../../../../src/core/rollout/edits/entering.ts'
import { ladderOf, laddersOf, openShareOf, shareOf } from '../../../../src/core/rollout/edits/ladders.ts'
import { commandQuestions } from '../../../../src/core/rollout/edits/named-change.ts'
import { looserLimits, questionsOf } from '../../../../src/core/rollout/edits/questions.ts'
import type { ReachSide } from '../../../../src/core/rollout/edits/serving.ts'
import { type Changes, changed } from '../../config/keys/case.ts'

const F = 'flags.f'
const RULES = `${F}.rules`
const stages = (...shares: number[]) => shares.map((percentage) => ({ percentage }))
const STAGED = { serve: 'on', stages: stages(5, 25, 100) }
const TESTERS = [{ attribute: 'email', op: 'ends_with', values: ['@example.com'] }]
const SPLIT = { on: 'new', off: 'old', b: 'third' }
const BASE = {
  origins: {
    old: { url: 'https://old.test' },
    new: { url: 'https://new.test' },
    third: { url: 'https://third.test/app' },
  },
  context: { targetingKey: { cookie: 'user' }, attributes: { email: { header: 'x-email' } } },
  routes: [
    { path: '/shop/*', flag: 'f', origins: SPLIT },
    { path: '/*', origin: 'old' },
  ],
  flags: {
    f: {
      variants: { on: true, off: false, b: 'b' },
      off: 'off',
      rules: [STAGED],
      guard: { errors: {}, latency: {} },
    },
    g: { variants: { on: 1, off: 0, b: 2 }, off: 'off', rules: [{ serve: 'on', percentage: 20 }] },
    h: { variants: { on: 1, off: 0 }, off: 'off', rules: [{ serve: 'on' }], requires: ['f'] },
  },
}
const rule = (parts: object) => ({ [RULES]: [{ ...STAGED, ...parts }] })
const beside = (...rules: object[]) => ({ [RULES]: [STAGED, ...rules] })
const route = (parts: object) => ({ 'routes.0': { path: '/shop/*', flag: 'f', origins: SPLIT, ...parts } })
const routes = (...all: object[]) => ({ routes: [...all, ...BASE.routes] })
const { f, ...others } = BASE.flags

const EDITS: Record<string, Changes> = {
  nothing: {},
  'a name of the rule': rule({ name: 'x' }),
  'stages 10, 25, 100': rule({ stages: stages(10, 25, 100) }),
  'stages 25, 100': rule({ stages: stages(25, 100) }),
  'stages 5, 100': rule({ stages: stages(5, 100) }),
  'stages 5, 25, 50': rule({ stages: stages(5, 25, 50) }),
  'stages 1, 5, 25, 100': rule({ stages: stages(1, 5, 25, 100) }),
  'a manual stage': rule({ stages: [{ percentage: 5, advance: 'manual' }, ...stages(25, 100)] }),
  'an approval': rule({ stages: [{ percentage: 5, approval: true }, ...stages(25, 100)] }),
  'a short bake': rule({ stages: [{ percentage: 5, bake: '1m' }, ...stages(25, 100)] }),
  'a long bake': rule({ stages: [{ percentage: 5, bake: '1h', maxBake: '2h' }, ...stages(25, 100)] }),
  'a requirement': rule({
    stages: [{ percentage: 5, require: { minVisitors: 9, maxErrorRate: 0.1 } }, ...stages(25, 100)],
  }),
  'a shadow stage': rule({ stages: [{ shadow: 10 }, ...stages(5, 25, 100)] }),
  'no stages': { [RULES]: [{ serve: 'on' }] },
  '3 percent': { [RULES]: [{ serve: 'on', percentage: 3 }] },
  '25 percent': { [RULES]: [{ serve: 'on', percentage: 25 }] },
  '100 percent': { [RULES]: [{ serve: 'on', percentage: 100 }] },
  'no rules': { [RULES]: [] },
  conditions: rule({ when: TESTERS }),
  'another variant': rule({ serve: 'b' }),
  weights: rule({ serve: { on: 50, b: 50 } }),
  'the off variant': rule({ serve: 'off' }),
  'a salt': { [`${F}.salt`]: 'x' },
  'an identity': { 'context.targetingKey': { header: 'x-user' } },
  'an attribute elsewhere, asked': {
    ...rule({ when: TESTERS }),
    'context.attributes.email': { cookie: 'email' },
  },
  'a value': { [`${F}.variants.on`]: 'x' },
  'another off variant': { [`${F}.off`]: 'b' },
  'an off variant of the same value': { [`${F}.off`]: 'b', [`${F}.variants.b`]: true },
  'the canary as off variant': { [`${F}.off`]: 'on' },
  environments: { [`${F}.environments`]: ['production'] },
  'a schedule': { [`${F}.schedule`]: { start: '2026-01-01' } },
  'a requirement of g': { [`${F}.requires`]: ['g'] },
  'a requirement of b of g': { [`${F}.requires`]: [{ flag: 'g', variants: ['b'] }] },
  'a requirement of g off': { [`${F}.requires`]: [{ flag: 'g', on: false }] },
  'more of g, required': { [`${F}.requires`]: ['g'], 'flags.g.rules.0.percentage': 30 },
  'more of g': { 'flags.g.rules.0.percentage': 30 },
  'g for all': { 'flags.g.rules': [{ serve: 'on' }] },
  disabled: { [`${F}.enabled`]: false },
  'disabled, more': { [`${F}.enabled`]: false, ...rule({ stages: stages(50, 100) }) },
  'a rule beside': beside({ name: 'rest', serve: 'on' }),
  'a share beside': beside({ name: 'rest', serve: 'on', percentage: 9 }),
  'testers beside': beside({ name: 'testers', serve: 'on', when: TESTERS }),
  'weights beside': beside({ name: 'rest', serve: { on: 10, off: 90 } }),
  'an off rule beside': beside({ name: 'rest', serve: 'off' }),
  'an off rule before': { [RULES]: [{ name: 'few', serve: 'off', when: TESTERS }, STAGED] },
  'testers before': { [RULES]: [{ name: 'few', serve: 'on', when: TESTERS }, STAGED] },
  'no guard': { [`${F}.guard`]: undefined },
  'a disabled guard': { [`${F}.guard.enabled`]: false },
  'a guard that freezes': { [`${F}.guard.action`]: 'freeze' },
  'no latency': { [`${F}.guard.latency`]: undefined },
  'a ceiling': { [`${F}.guard.ceilings`]: { errorRate: 0.1, p95Ms: 900 } },
  'wider ratios': { [`${F}.guard.errors.rho`]: 3, [`${F}.guard.latency.delta`]: 0.2 },
  'errors by status': { [`${F}.guard.errors.statuses`]: [500, '4xx'] },
  'advance by time': { [`${F}.guard.advance`]: 'time' },
  'no holdback': { [`${F}.rollout.holdbackPercent`]: 0 },
  'a holdback of 20': { [`${F}.rollout.holdbackPercent`]: 20 },
  'a step back': { [`${F}.rollout.stepBack`]: '5m' },
  windows: { [`${F}.rollout.windows`]: [{ from: '09:00', to: '17:00' }] },
  'windows elsewhere': {
    [`${F}.rollout`]: { windows: [{ from: '09:00', to: '17:00' }], timezone: 'Asia/Tokyo' },
  },
  'windows of some days': { [`${F}.rollout.windows`]: [{ days: ['mon'], from: '09:00', to: '12:00' }] },
  'a route by method': route({ method: 'POST' }),
  'a route by host': route({ host: 'a.test' }),
  'a route that retries more': route({ rescue: ['GET', 'POST'] }),
  'a route that retries none': route({ rescue: false }),
  'a route with a timeout': route({ timeoutMs: 1_000 }),
  'a route to the other origin': route({ origins: { ...SPLIT, on: 'third' } }),
  'a route whose off is new': route({ origins: { ...SPLIT, off: 'new' } }),
  'a plain route to new': routes({ path: '/a', origin: 'new' }),
  'six plain routes to new': routes(...[1, 2, 3, 4, 5, 6].map((at) => ({ path: `/a${at}`, origin: 'new' }))),
  'a plain route to third': routes({ path: '/a', origin: 'third' }),
  'a route of g to new': routes({ path: '/a', flag: 'g', origins: { on: 'new', off: 'old', b: 'old' } }),
  'a route of g, off to new': routes({ path: '/a', flag: 'g', origins: { on: 'old', off: 'new', b: 'old' } }),
  'a second route of f': routes({ path: '/a', flag: 'f', origins: SPLIT }),
  'no route of f': { routes: [{ path: '/*', origin: 'old' }] },
  'all to new': { routes: [BASE.routes[0], { path: '/*', origin: 'new' }] },
  'the default origin': { routes: [BASE.routes[0]], defaultOrigin: 'new' },
  'another URL': { 'origins.new.url': 'https://newer.test' },
  'another spelling of the URL': { 'origins.new.url': 'https://NEW.test:443/' },
  'a path of the URL': { 'origins.new.url': 'https://new.test/app' },
  'old where new is': { 'origins.old.url': 'https://new.test' },
  'a binding': { 'origins.new': { binding: 'NEW' } },
  'another key': { flags: { ...others, h: { ...others.h, requires: ['i'] }, i: f }, 'routes.0.flag': 'i' },
  'another key and the salt': {
    flags: {
      ...others,
      h: { ...others.h, requires: ['i'] },
      i: { ...f, salt: 'f', rules: [{ ...STAGED, stages: stages(50, 100) }] },
    },
    routes: [BASE.routes[1]],
  },
  'another key, without a guard': {
    flags: {
      ...others,
      h: { ...others.h, requires: ['i'] },
      i: { ...f, guard: undefined, rules: [{ serve: 'on' }] },
    },
    'routes.0.flag': 'i',
  },
  gone: { flags: { g: others.g }, routes: [BASE.routes[1]] },
  'a freeze': { freezes: [{ start: '2026-01-01', end: '2026-02-01' }] },
  'a higher limit': { publishing: { confirmAbovePercent: 50 } },
}

const loadedOf = (changes: Changes) => {
  const parsed = parseDocumentValue(changed(BASE, changes))
  if (!parsed.ok) throw new Error(JSON.stringify([changes, parsed.problems]))
  return { document: parsed.value, snapshot: compileSnapshot(parsed.value) }
}
type Loaded = ReturnType<typeof loadedOf>

/** The state that a confirmed document leads to. */
function published(loaded: Loaded, state: ControlState, before?: ReachSide) {
  return withDocument(state, {
    ladders: laddersOf(loaded, state),
    word: 'confirmed',
    shareBefore: (flag) =>
      before && shareOf(before, flag, before.state.flags[flag] ?? { generation: 1, stage: 0 }),
    ladderBefore: (flag) => before && ladderOf(before, flag),
  })
}

/** What became of the rollout before the edit. */
const SITUATIONS: Record<string, (control: FlagControl, state: ControlState) => ControlState> = {
  new: (_, state) => state,
  'at its second stage': (control, state) => withControl(state, { ...control, stage: 1, percentage: 25 }),
  'rolled back': (control, state) =>
    withControl(state, { ...control, stage: 1, percentage: 25, rolledBack: { atMs: 1, reason: 'errors' } }),
  killed: (_, state) => ({ ...state, killed: ['f'] }),
  finished: (control, state) => withControl(state, { ...control, stage: 2, percentage: 100, finished: true }),
}
const withControl = (state: ControlState, control: FlagControl) => ({
  ...state,
  flags: { ...state.flags, f: control },
})

function situated(loaded: Loaded, situation: keyof typeof SITUATIONS): ReachSide {
  const { state } = published(loaded, INITIAL_CONTROL_STATE)
  const control = state.flags.f
  return {
    ...loaded,
    state: control === undefined ? state : (SITUATIONS[situation]?.(control, state) ?? state),
  }
}

/** One line for each thing that is asked or done; without the digests of splits. */
function linesOf(before: ReachSide, next: Loaded): string[] {
  const { state, changes } = published(next, before.state, before)
  const after = { ...next, state }
  const asked = questionsOf(before, after).map(({ kind, text }) => `? ${kind}: ${text}`)
  const entering = unconfirmedEntries(before, next).map((text) => `! ${text}`)
  const moved = changes.map((change) => `= ${change.flag}: ${rolloutChangeText(change)}`)
  const limits = looserLimits(before.document, next.document, Date.parse('2026-01-15')).map(
    (text) => `~ ${text}`,
  )
  return [...asked, ...entering, ...moved, ...limits]
}

const usual = loadedOf({})

it.each(Object.keys(SITUATIONS))('an edit of a rollout that is %s asks as it did', async (situation) => {
  const lines = Object.entries(EDITS).flatMap(([name, changes]) => {
    const edited = loadedOf(changes)
    const [there, back] = [
      linesOf(situated(usual, situation), edited),
      linesOf(situated(edited, situation), usual),
    ]
    return [`# ${name}`, ...there, '## and back', ...back]
  })
  const file = `results/${situation.replaceAll(' ', '-')}.txt`
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(file)
})

it('each edit has the shares that it did, now and once it is open', () => {
  const rolledBack = { atMs: 1, reason: 'errors' }
  const sharesOf = (name: string) => {
    const loaded = loadedOf(EDITS[name] ?? {})
    const ladder = ladderOf(loaded, 'f')
    const controls = [{}, { percentage: 25, stage: 1 }, { percentage: 25, stage: 1, rolledBack }]
    const of = controls.map((parts) => {
      const control = { generation: 1, stage: 0, split: ladder?.split ?? '', ...parts }
      return [shareOf(loaded, 'f', control), openShareOf(loaded, 'f', control)].join(' ')
    })
    return `${name}: ${of.join(', ')}; ${ladder?.stages.join(' ')} ${ladder?.percentage} ${ladder?.serves} ${ladder?.most}`
  }
  const names = [
    'nothing',
    'no stages',
    '3 percent',
    'no rules',
    'weights',
    'disabled',
    'a holdback of 20',
    'no guard',
    'gone',
  ]
  expect(names.map(sharesOf)).toMatchInlineSnapshot(`
    [
      "nothing: 5 5, 25 25, 25 5; 5 25 100 undefined on 99",
      "no stages: 100 100, 25 25, 25 100;  undefined on 100",
      "3 percent: 3 3, 3 3, 3 3;  3 on 100",
      "no rules: 0 0, 0 0, 0 0;  undefined  100",
      "weights: 5 5, 25 25, 25 5; 5 25 100 undefined on,b 99",
      "disabled: 0 5, 0 25, 0 5; 5 25 100 undefined on 99",
      "a holdback of 20: 5 5, 25 25, 25 5; 5 25 100 undefined on 80",
      "no guard: 5 5, 25 25, 25 5; 5 25 100 undefined on 100",
      "gone:  0,  0,  0; undefined undefined undefined undefined",
    ]
  `)
})

it.each(['unkill', 'resume', 'advance', 'approve', 'finish', 'kill', 'rollback'] as const)(
  '%s asks for what it does to flags that require the one that is named',
  (kind) => {
    const dependent = { 'flags.h.rules': [{ serve: 'on', percentage: 50 }], 'flags.h.guard': {} }
    const ask = (situation: string, changes: Changes = {}) => {
      const loaded = loadedOf({ ...dependent, ...changes })
      return commandQuestions({ kind, flag: 'f' } as never, situated(loaded, situation))
    }
    const opens = 'h: f, which it requires, lets more visitors enter the canary'
    const asked = Object.keys(SITUATIONS).filter((situation) => ask(situation).includes(opens))
    const expected = {
      unkill: ['killed'],
      resume: ['rolled back'],
      advance: ['new', 'at its second stage'],
      approve: ['new', 'at its second stage'],
      finish: ['new', 'at its second stage'],
      kill: [],
      rollback: [],
    }
    expect(asked).toEqual(expected[kind])
    expect(ask('killed', { 'flags.h.requires': [] })).toEqual([])
  },
)
