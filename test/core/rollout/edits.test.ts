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
}))

/** What an edit can change of the document; everything but `stages` and `note` belongs to the split. */
type Draft = {
  share: { stages: number[] } | { percentage: number } | 'everyone'
  identity: 'header' | 'cookie'
  salt: string | undefined
  countries: string[]
  blocked: string[]
  value: string
  origin: string
  note: string
}

const FIRST: Draft = {
  share: { stages: [1, 5, 25, 50, 100] },
  identity: 'header',
  salt: undefined,
  countries: ['RO', 'DE'],
  blocked: [],
  value: 'a',
  origin: 'http://new.test',
  note: '',
}

function splitKey({ share: _, note: __, ...split }: Draft): string {
  return JSON.stringify({
    ...split,
    countries: split.countries.toSorted(),
    blocked: split.blocked.toSorted(),
  })
}

function load(draft: Draft) {
  const country = (values: string[]) => ({ attribute: 'country', op: 'in', values })
  const { share } = draft
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' }, new: { url: draft.origin } },
    context: { targetingKey: { [draft.identity]: 'id' } },
    routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
    flags: {
      [FLAG]: {
        description: draft.note,
        variants: { on: draft.value, off: 'off' },
        off: 'off',
        ...(draft.salt !== undefined && { salt: draft.salt }),
        rules: [
          ...(draft.blocked.length > 0 ? [{ name: 'no', when: [country(draft.blocked)], serve: 'off' }] : []),
          {
            name: 'canary',
            when: [country(draft.countries)],
            serve: 'on',
            ...(share === 'everyone'
              ? {}
              : 'stages' in share
                ? { stages: share.stages.map((percentage) => ({ percentage, bake: '1s' })) }
                : share),
          },
        ],
        guard: { ceilings: { errorRate: 0.5 } },
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
      staticContext(visitor[draft.identity], { country: visitor.country }),
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
  })
  const after = { loaded: next, state: change.state }
  const questions = questionsOf({ ...loaded, state }, { ...next, state: after.state })
  if (way === 'published' && questions.length > 0) return { way, before, after: before, refused: true }
  return { way, before, after, refused: false }
}

function told(first: Draft, list: readonly Happening[]) {
  const story = { edits: [] as Edited[], generations: [] as [before: World, after: World, by: string][] }
  let world: World = { loaded: load(first), state: INITIAL_CONTROL_STATE }
  const named = withDocument(world.state, {
    ladders: laddersOf(world.loaded, world.state),
    word: 'confirmed',
    shareBefore: () => undefined,
  })
  world = { ...world, state: named.state }
  const perform = (command: Command, nowMs: number) => {
    const result = applyCommand(world.state, command, ladderOf(world.loaded, FLAG), nowMs, 'because')
    if (!result.ok) return
    const next = { ...world, state: result.state }
    story.generations.push([world, next, command.kind])
    world = next
  }
  for (const [index, happening] of list.entries()) {
    if (happening.what === 'edit') {
      const edit = edited(world, happening)
      story.edits.push(edit)
      story.generations.push([world, edit.after, 'edit'])
      world = edit.after
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

function always(check: (story: ReturnType<typeof told>) => void): void {
  const stories = fc.array(happenings, { maxLength: 25, size: 'max' })
  const first = fc.subarray(LADDER, { minLength: 1 }).map((stages) => ({ ...FIRST, share: { stages } }))
  fc.assert(
    fc.property(first, stories, (draft, list) => check(told(draft, list))),
    { seed: SEED, numRuns: 200 },
  )
}

const isRollout = ({ loaded }: World) => loaded.draft.share !== 'everyone'

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
        if (!plain) expect(is.percentage).toBeLessThanOrEqual(was.percentage)
      }
    })
  })

  it('the generation changes exactly when the split does, or when resume or restart says so', () => {
    always(({ generations }) => {
      for (const [before, after, by] of generations) {
        const was = before.state.flags[FLAG]
        const is = after.state.flags[FLAG]
        const grown = (is?.generation ?? 1) - (was?.generation ?? 1)
        if (by === 'resume') expect([0, 1]).toContain(grown)
        else if (by === 'restart') expect(grown).toBe(1)
        else if (by !== 'edit') expect(grown).toBe(0)
        else if (was?.split !== undefined && is?.split !== undefined) {
          const isOther = splitKey(before.loaded.draft) !== splitKey(after.loaded.draft)
          expect(grown, JSON.stringify([before.loaded.draft, after.loaded.draft])).toBe(isOther ? 1 : 0)
          expect(was.split === is.split).toBe(!isOther)
        }
      }
    })
  })

  it('a document that restarts a flag begins the next attempt at the first stage, whatever became of the one before', () => {
    always(({ edits }) => {
      for (const { after } of edits) {
        const ladders = laddersOf(after.loaded, after.state)
        const first = ladders.get(FLAG)?.stages[0]
        if (first === undefined) continue
        const was = after.state.flags[FLAG]
        const { state } = withDocument(after.state, {
          ladders,
          word: 'confirmed',
          restart: FLAG,
          shareBefore: () => undefined,
        })
        expect(state.flags[FLAG]).toEqual({
          generation: (was?.generation ?? 1) + 1,
          stage: 0,
          percentage: first,
          split: ladders.get(FLAG)?.split,
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
