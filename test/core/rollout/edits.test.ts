/**
 * What no sequence of document edits, commands and verdicts may do to a running rollout: let a visitor into the canary
 * by an edit that no person confirmed. Documents are real ones, and so are the decisions, also those of isolates that
 * have the document or the state later than others.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { type ControlState, compileControl, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { staticContext } from '../../../src/core/context/attributes.ts'
import { decide } from '../../../src/core/decision/decide.ts'
import type { Evidence, Judgement, Verdict } from '../../../src/core/guard/index.ts'
import { applyCommand, COMMANDS, type Command, flagStatus } from '../../../src/core/rollout/commands.ts'
import { withDocument } from '../../../src/core/rollout/edits/document-change.ts'
import { ladderOf, laddersOf, shareOf } from '../../../src/core/rollout/edits/ladders.ts'
import { questionsOf } from '../../../src/core/rollout/edits/questions.ts'
import { compilePlans } from '../../../src/core/rollout/plan.ts'
import { stepRollout } from '../../../src/core/rollout/step.ts'
import { SEED } from '../../support/seed.ts'

const FLAG = 'f'
const COUNTRIES = ['RO', 'DE', 'US']
const VISITORS = Array.from({ length: 240 }, (_, index) => ({
  header: `user-${index}`,
  cookie: `cookie-${index * 7}`,
  country: COUNTRIES[index % 3] ?? '',
  plan: index % 2 === 0 ? 'gold' : 'basic',
}))

/** What an edit can change of the document; `share`, `guard`, `holdback` and `note` don't belong to the split. */
type Draft = {
  share: { stages: number[] } | { percentage: number } | 'everyone'
  guard: 'ceilings' | 'compares' | 'none'
  holdback: number
  /** `sunset`: the canary gets the variant "off", and all others "on". */
  serves: 'on' | 'other' | 'sunset'
  /** The cookie that a condition of the rule reads through an attribute of the document. */
  plan: 'plan' | 'level' | undefined
  path: '/*' | '/shop/*'
  identity: 'header' | 'cookie'
  salt: string | undefined
  countries: string[]
  blocked: string[]
  value: string
  origin: string
  note: string
  /** Means the same in other words. */
  isRespelled: boolean
}

const FIRST: Draft = {
  share: { stages: [1, 5, 25, 50, 100] },
  guard: 'ceilings',
  holdback: 20,
  serves: 'on',
  plan: undefined,
  path: '/*',
  identity: 'header',
  salt: undefined,
  countries: ['RO', 'DE'],
  blocked: [],
  value: 'a',
  origin: 'http://new.test',
  note: '',
  isRespelled: false,
}

function splitKey({
  share: _,
  note: __,
  guard: ___,
  holdback: ____,
  isRespelled: _____,
  ...split
}: Draft): string {
  return JSON.stringify({
    ...split,
    // Neither of the two that are compared has that value, or leads to that origin.
    ...(split.serves === 'other' && { value: '', origin: '' }),
    countries: split.countries.toSorted(),
    blocked: split.blocked.toSorted(),
  })
}

function load(draft: Draft) {
  const country = (values: string[]) => ({ attribute: 'country', op: 'in', values })
  const { share, serves, plan, isRespelled } = draft
  const attribute = plan === undefined ? {} : { attributes: { plan: { cookie: plan } } }
  const gold = { attribute: 'plan', op: 'in', values: ['gold'] }
  const parsed = parseDocumentValue({
    origins: {
      old: { url: 'http://old.test' },
      new: { url: isRespelled ? `${draft.origin.toUpperCase().replace('HTTP', 'http')}:80/` : draft.origin },
    },
    context: {
      targetingKey: isRespelled ? [{ [draft.identity]: 'id' }] : { [draft.identity]: 'id' },
      ...attribute,
    },
    routes: [
      { path: draft.path, flag: FLAG, origins: { on: 'new', off: 'old', other: 'old' } },
      ...(draft.path === '/*' ? [] : [{ path: '/*', origin: 'old' }]),
    ],
    flags: {
      [FLAG]: {
        description: draft.note,
        variants: { on: draft.value, off: 'off', other: 'other' },
        off: serves === 'sunset' ? 'on' : 'off',
        ...(draft.salt !== undefined && { salt: draft.salt }),
        rules: [
          ...(draft.blocked.length > 0 ? [{ name: 'no', when: [country(draft.blocked)], serve: 'off' }] : []),
          {
            name: 'canary',
            when: [country(draft.countries), ...(plan === undefined ? [] : [gold])],
            serve: serves === 'sunset' ? 'off' : serves,
            ...(share === 'everyone'
              ? {}
              : 'stages' in share
                ? { stages: share.stages.map((percentage) => ({ percentage, bake: '1s' })) }
                : share),
          },
        ],
        ...(draft.guard !== 'none' && {
          guard: draft.guard === 'compares' ? { errors: {} } : { ceilings: { errorRate: 0.5 } },
        }),
        rollout: { holdbackPercent: draft.holdback },
      },
    },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const snapshot = compileSnapshot(parsed.value)
  return { draft, document: parsed.value, snapshot, plans: compilePlans(parsed.value) }
}
type Loaded = ReturnType<typeof load>

/** Indices of the visitors whom the canary's rule serves. */
function canaryOf({ snapshot, draft }: Loaded, state: ControlState): Set<number> {
  const flag = snapshot.flags.get(FLAG)
  if (flag === undefined) throw new Error('The flag is missing')
  const inputs = {
    flags: snapshot.flags,
    control: compileControl(state, []),
    environment: 'production',
    nowMs: 0,
    overrides: undefined,
  }
  const inside = VISITORS.flatMap((visitor, index) => {
    const { rule } = decide(
      flag,
      staticContext(visitor[draft.identity], { country: visitor.country, plan: visitor.plan }),
      inputs,
    )
    return rule === 'canary' ? [index] : []
  })
  return new Set(inside)
}

const LADDER = [1, 5, 10, 25, 50, 75, 100]
const edits: fc.Arbitrary<Partial<Draft>> = fc.oneof(
  { weight: 5, arbitrary: fc.subarray(LADDER, { minLength: 1 }).map((stages) => ({ share: { stages } })) },
  { weight: 1, arbitrary: fc.constantFrom(3, 20, 60).map((percentage) => ({ share: { percentage } })) },
  { weight: 1, arbitrary: fc.constant({ share: 'everyone' as const }) },
  { weight: 1, arbitrary: fc.constantFrom('header' as const, 'cookie').map((identity) => ({ identity })) },
  { weight: 1, arbitrary: fc.constantFrom(undefined, 'x', 'y').map((salt) => ({ salt })) },
  {
    weight: 2,
    arbitrary: fc.shuffledSubarray(COUNTRIES, { minLength: 1 }).map((countries) => ({ countries })),
  },
  { weight: 1, arbitrary: fc.shuffledSubarray(COUNTRIES, { maxLength: 1 }).map((blocked) => ({ blocked })) },
  { weight: 1, arbitrary: fc.constantFrom('a', 'b').map((value) => ({ value })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('http://new.test', 'http://newer.test').map((origin) => ({ origin })),
  },
  { weight: 1, arbitrary: fc.string().map((note) => ({ note })) },
  { weight: 2, arbitrary: fc.boolean().map((isRespelled) => ({ isRespelled })) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('ceilings' as const, 'compares', 'none').map((guard) => ({ guard })),
  },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 20).map((holdback) => ({ holdback })) },
  { weight: 1, arbitrary: fc.constantFrom('on' as const, 'other', 'sunset').map((serves) => ({ serves })) },
  { weight: 1, arbitrary: fc.constantFrom('plan' as const, 'level', undefined).map((plan) => ({ plan })) },
  { weight: 1, arbitrary: fc.constantFrom('/*' as const, '/shop/*').map((path) => ({ path })) },
  // Several things at once, as people save files.
  {
    weight: 1,
    arbitrary: fc.record({
      share: fc.subarray(LADDER, { minLength: 1 }).map((stages) => ({ stages })),
      salt: fc.constantFrom(undefined, 'x'),
      serves: fc.constantFrom('on' as const, 'sunset'),
      guard: fc.constantFrom('ceilings' as const, 'compares'),
    }),
  },
)

type Way = 'kv' | 'published' | 'confirmed'
type Happening =
  | { what: 'edit'; edit: Partial<Draft>; way: Way }
  | { what: 'command'; command: Command }
  | { what: 'look'; judgement: Judgement }

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('edit' as const),
      edit: edits,
      way: fc.constantFrom<Way>('kv', 'kv', 'published', 'published', 'confirmed'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .oneof(
        fc.constantFrom(...COMMANDS).map((kind) => ({ kind, flag: FLAG })),
        fc.integer({ min: 0, max: 6 }).map((stage) => ({ kind: 'stage' as const, flag: FLAG, stage })),
      )
      .map((command) => ({ what: 'command' as const, command })),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<Judgement>(
        { kind: 'healthy' },
        { kind: 'healthy' },
        { kind: 'healthy' },
        { kind: 'baking', alert: null },
        { kind: 'failing', action: 'rollback', trigger: 'errors' },
        { kind: 'failing', action: 'freeze', trigger: 'errors' },
      )
      .map((judgement) => ({ what: 'look' as const, judgement })),
  },
)

type World = { loaded: Loaded; state: ControlState }
type Edited = { way: Way; before: World; after: World; refused: boolean }

/** An edit as the Controller takes it: published ones are refused where they raise a question. */
function edited({ loaded, state }: World, { edit, way }: Extract<Happening, { what: 'edit' }>): Edited {
  const before = { loaded, state }
  const next = load({ ...loaded.draft, ...edit })
  const change = withDocument(state, {
    ladders: laddersOf(next, state),
    word: way === 'kv' ? 'unconfirmed' : 'confirmed',
    shareBefore: (flag) => shareOf(loaded, flag, flagStatus(state, flag)),
    ladderBefore: (flag) => ladderOf(loaded, flag),
  })
  const after = { loaded: next, state: change.state }
  const questions = questionsOf({ ...loaded, state }, { ...next, state: after.state })
  if (way === 'published' && questions.length > 0) return { way, before, after: before, refused: true }
  return { way, before, after, refused: false }
}

/** `key`: the split that the state named last, also if the flag is no rollout any more. */
type Step = { before: World; after: World; by: string; key: string | undefined }

function told(first: Draft, list: readonly Happening[]) {
  const story = { edits: [] as Edited[], generations: [] as Step[] }
  let world: World = { loaded: load(first), state: INITIAL_CONTROL_STATE }
  const named = withDocument(world.state, {
    ladders: laddersOf(world.loaded, world.state),
    word: 'confirmed',
    shareBefore: () => undefined,
    ladderBefore: () => undefined,
  })
  world = { ...world, state: named.state }
  let key: string | undefined = splitKey(first)
  const goOn = (after: World, by: string) => {
    story.generations.push({ before: world, after, by, key })
    world = after
    const control = after.state.flags[FLAG]
    if (control?.split !== undefined) key = splitKey(after.loaded.draft)
    // A generation that a command began is of the split that comes next.
    else if (control?.lastSplit === undefined) key = undefined
  }
  const perform = (command: Command, nowMs: number) => {
    const result = applyCommand(world.state, command, ladderOf(world.loaded, FLAG), nowMs, 'because')
    if (!result.ok) return
    goOn({ ...world, state: result.state }, command.kind)
  }
  for (const [index, happening] of list.entries()) {
    if (happening.what === 'edit') {
      const edit = edited(world, happening)
      story.edits.push(edit)
      goOn(edit.after, 'edit')
    } else if (happening.what === 'command') perform(happening.command, index)
    else {
      const verdict: Verdict = { ...happening.judgement, sentence: 'so it is', evidence: {} as Evidence }
      const plan = world.loaded.plans.get(FLAG)
      const control = world.state.flags[FLAG]
      if (plan === undefined || control === undefined) continue
      const isKilled = flagStatus(world.state, FLAG).killed
      const step = stepRollout({ plan, control, isKilled, verdict, permission: { allowed: true } })
      if (step.command) perform({ kind: step.command.kind, flag: FLAG }, index)
    }
  }
  return story
}

/** `FUZZ_RUNS` makes it a search of minutes. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 200)

function always(check: (story: ReturnType<typeof told>) => void): void {
  const stories = fc.array(happenings, { maxLength: 25, size: 'max' })
  const first = fc.record({
    stages: fc.subarray(LADDER, { minLength: 1 }),
    guard: fc.constantFrom('ceilings' as const, 'compares'),
  })
  fc.assert(
    fc.property(first, stories, ({ stages, guard }, list) =>
      check(told({ ...FIRST, guard, share: { stages } }, list)),
    ),
    { seed: SEED, numRuns: RUNS },
  )
}

/** Nothing follows a share without stages or a guard: a person moves it as they like. */
function isRollout({ loaded }: World): boolean {
  const { share, guard } = loaded.draft
  return share !== 'everyone' && ('stages' in share || guard !== 'none')
}

describe('under any sequence of document edits, commands and verdicts', () => {
  it('no visitor enters the canary by an edit that was not confirmed, on any isolate, in any order of arrival', () => {
    always(({ edits }) => {
      for (const { way, before, after } of edits) {
        // A flag that serves all who meet its conditions, with a state that names no split, is no rollout.
        if (way === 'confirmed' || (!isRollout(before) && before.state.flags[FLAG]?.split === undefined))
          continue
        const inside = canaryOf(before.loaded, before.state)
        // Isolates get document and state in either order.
        for (const [loaded, state] of [
          [after.loaded, before.state],
          [after.loaded, after.state],
          [before.loaded, after.state],
        ] as const) {
          for (const visitor of canaryOf(loaded, state)) expect(inside.has(visitor), way).toBe(true)
        }
      }
    })
  })

  it('a confirmed edit begins at a share that is not above today’s', () => {
    always(({ edits }) => {
      for (const { way, before, after } of edits) {
        const was = before.state.flags[FLAG]
        const is = after.state.flags[FLAG]
        if (way !== 'confirmed' || was?.percentage === undefined || !isRollout(after) || is === undefined)
          continue
        const plain = after.loaded.draft.share !== 'everyone' && 'percentage' in after.loaded.draft.share
        if (plain) continue
        expect(is.percentage).toBeLessThanOrEqual(was.percentage)
        const { serves, share } = after.loaded.draft
        const first = typeof share === 'object' && 'stages' in share ? (share.stages[0] ?? 100) : 100
        if (serves !== before.loaded.draft.serves) expect(is.percentage).toBeLessThanOrEqual(first)
      }
    })
  })

  it('the generation changes exactly when the split does, or when resume or restart says so', () => {
    always(({ generations }) => {
      for (const { before, after, by, key } of generations) {
        const was = before.state.flags[FLAG]
        const is = after.state.flags[FLAG]
        const grown = (is?.generation ?? 1) - (was?.generation ?? 1)
        if (by === 'resume') expect([0, 1]).toContain(grown)
        else if (by === 'restart') expect(grown).toBe(1)
        else if (by !== 'edit' || is?.split === undefined) expect(grown).toBe(0)
        else {
          const isOther = key !== undefined && key !== splitKey(after.loaded.draft)
          expect(grown, JSON.stringify([before.loaded.draft, after.loaded.draft])).toBe(isOther ? 1 : 0)
          if (was?.split === undefined) continue
          // Another spelling has another digest: isolates with the document before know it by the former one.
          if (isOther) expect([was.split === is.split, is.formerSplit]).toEqual([false, undefined])
          else if (was.split !== is.split) expect(is.formerSplit).toBe(was.split)
        }
      }
    })
  })

  it('a document that restarts a flag begins the next attempt at the first stage, whatever became of the one before', () => {
    always(({ edits }) => {
      for (const { after } of edits) {
        const ladders = laddersOf(after.loaded, after.state)
        const { stages: [first] = [], most = 100 } = ladders.get(FLAG) ?? {}
        if (first === undefined) continue
        const was = after.state.flags[FLAG]
        const { state } = withDocument(after.state, {
          ladders,
          word: 'confirmed',
          restart: FLAG,
          shareBefore: () => undefined,
          ladderBefore: () => undefined,
        })
        expect(state.flags[FLAG]).toEqual({
          generation: (was?.generation ?? 1) + 1,
          stage: 0,
          percentage: first,
          split: ladders.get(FLAG)?.split,
          ...(most < 100 && { most }),
        })
      }
    })
  })

  it('edits never open what is rolled back', () => {
    always(({ edits }) => {
      for (const { before, after } of edits)
        if (before.state.flags[FLAG]?.rolledBack)
          expect(after.state.flags[FLAG]?.rolledBack).toEqual(before.state.flags[FLAG].rolledBack)
    })
  })
})

describe('a document edit', () => {
  const edit = (edit: Partial<Draft>, way: Way = 'confirmed') => ({ what: 'edit' as const, edit, way })
  const command = (command: Omit<Command, 'flag'>) => ({
    what: 'command' as const,
    command: { ...command, flag: FLAG },
  })
  const controlAfter = (first: Partial<Draft>, list: readonly Happening[]) =>
    told({ ...FIRST, ...first }, list).generations.at(-1)?.after.state.flags[FLAG]
  const FINISHED = [command({ kind: 'finish' })]

  it('that turns a finished feature off begins at its first stage, with a new generation', () => {
    const sunset = edit({ serves: 'sunset' })
    expect(controlAfter({}, [...FINISHED, sunset])).toMatchObject({ generation: 2, stage: 0, percentage: 1 })
    // Also where the stages of the first rollout had left the document.
    const cleaned = [...FINISHED, edit({ share: 'everyone', guard: 'none' })]
    const again = controlAfter({}, [...cleaned, edit({ serves: 'sunset', share: FIRST.share })])
    expect(again).toMatchObject({ generation: 2, stage: 0, percentage: 1 })
    expect(again?.finished).toBeUndefined()
  })

  it('that turns it off is never above today’s share', () => {
    const at = (share: number[]) => controlAfter({}, [edit({ serves: 'sunset', share: { stages: share } })])
    expect(at([5, 100])).toMatchObject({ percentage: 1 })
    expect(at([1, 100])).toMatchObject({ percentage: 1 })
  })

  it('that takes a holdback away leaves it where no person confirmed it', () => {
    const before: Partial<Draft> = { guard: 'compares', share: { stages: [100] } }
    expect(controlAfter(before, [edit({ guard: 'ceilings' }, 'kv')])).toMatchObject({ most: 80 })
    expect(controlAfter(before, [edit({ holdback: 1 }, 'kv')])).toMatchObject({ most: 80 })
    expect(controlAfter(before, [edit({ holdback: 1 })])).toMatchObject({ most: 99 })
    expect(controlAfter(before, [edit({ guard: 'ceilings' })])?.most).toBeUndefined()
    // More of it needs no word.
    expect(controlAfter({ ...before, holdback: 1 }, [edit({ holdback: 20 }, 'kv')])).toMatchObject({
      most: 80,
    })
    // A person who resumes takes over what was held.
    const resumed = [
      command({ kind: 'rollback' }),
      edit({ guard: 'ceilings' }, 'kv'),
      command({ kind: 'resume' }),
    ]
    expect(controlAfter(before, resumed)).toMatchObject({ generation: 2, most: 80 })
  })

  it('moves a share that nothing follows to what it says, whatever commands came before', () => {
    const shares = fc.constantFrom<Draft['share']>({ percentage: 0 }, { percentage: 60 }, 'everyone')
    const list = fc.oneof(
      fc.tuple(shares, fc.constantFrom<Way>('kv', 'confirmed')).map(([share, way]) => edit({ share }, way)),
      fc.constantFrom(...COMMANDS).map((kind) => command({ kind })),
    )
    const plain: Draft = { ...FIRST, share: { percentage: 20 }, guard: 'none' }
    fc.assert(
      fc.property(fc.array(list, { maxLength: 12 }), (happenings) => {
        for (const { after } of told(plain, happenings).generations) {
          const { share } = after.loaded.draft
          const said = typeof share === 'object' && 'percentage' in share ? share.percentage : 100
          expect(shareOf(after.loaded, FLAG, flagStatus(after.state, FLAG))).toBe(said)
        }
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it('that brings the stages of the same split back goes on with its generation, not above today’s share', () => {
    const plain = edit({ share: { percentage: 20 }, guard: 'none' })
    const back = edit({ share: { stages: [5, 50, 100] }, guard: 'compares' })
    expect(controlAfter({}, [plain, back])).toMatchObject({ generation: 1, stage: 0, percentage: 5 })
    expect(controlAfter({}, [plain, edit({ ...back.edit, salt: 'x' })])).toMatchObject({ generation: 2 })
  })
})
