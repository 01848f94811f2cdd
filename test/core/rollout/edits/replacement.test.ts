/** A flag that takes the place of one that ran is asked for like an edit of that one, however it was renamed or left out between. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { type ControlState, INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { flagStatus } from '../../../../src/core/rollout/commands.ts'
import { withDocument } from '../../../../src/core/rollout/edits/document-change.ts'
import { ladderOf, laddersOf, shareOf } from '../../../../src/core/rollout/edits/ladders.ts'
import { questionsOf } from '../../../../src/core/rollout/edits/questions.ts'
import { departedKeys } from '../../../../src/core/rollout/edits/replacement.ts'

const STAGED = { serve: 'on', stages: [{ percentage: 1 }, { percentage: 100 }] }
type Flag = { rules?: object[]; guard?: object | null; salt?: string; to?: string; enabled?: boolean }

/** A document with these flags, each with its route. */
function load(flags: Record<string, Flag>) {
  const routes = Object.entries(flags)
    .filter(([, { to }]) => to !== 'nowhere')
    .map(([flag, { to = 'new' }]) => ({ path: `/${flag}`, flag, origins: { on: to, off: 'old' } }))
  const definitions = Object.entries(flags).map(([key, flag]) => {
    const { rules = [STAGED], guard = { errors: {} }, to: _, ...rest } = flag
    const variants = { on: true, off: false }
    return [key, { variants, off: 'off', rules, ...(guard !== null && { guard }), ...rest }]
  })
  const parsed = parseDocumentValue({
    origins: {
      old: { url: 'http://old.test' },
      new: { url: 'http://new.test' },
      third: { url: 'http://third.test' },
    },
    routes: [...routes, { path: '/*', origin: 'old' }],
    flags: Object.fromEntries(definitions),
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return { document: parsed.value, snapshot: compileSnapshot(parsed.value) }
}
type Loaded = ReturnType<typeof load>

function under(loaded: Loaded, state: ControlState, before?: Loaded): ControlState {
  return withDocument(state, {
    ladders: laddersOf(loaded, state),
    word: 'confirmed',
    shareBefore: (flag) => before && shareOf(before, flag, flagStatus(state, flag)),
    ladderBefore: (flag) => before && ladderOf(before, flag),
  }).state
}

/** What the last of several documents is asked, one published after the other; ways to origins aside. */
function asked(flags: Record<string, Flag>[], change = (state: ControlState) => state): string[] {
  const [first = load({}), ...rest] = flags.map(load)
  let before = { ...first, state: change(under(first, INITIAL_CONTROL_STATE)) }
  const seen: Loaded[] = [first]
  let texts: string[] = []
  for (const next of rest) {
    const departed = departedKeys(before.state, before.document, next.document).flatMap((flag) => {
      const loaded = seen.findLast(({ document }) => Object.hasOwn(document.flags, flag))
      return loaded === undefined ? [] : [{ flag, loaded }]
    })
    const after = { ...next, state: under(next, before.state, before) }
    texts = questionsOf(before, after, departed)
      .filter(({ kind }) => kind !== 'reach')
      .map(({ text }) => text)
    before = after
    seen.push(next)
  }
  return texts
}

describe('a guard that is left out of what takes a flag’s place', () => {
  const bare = { guard: null }
  it.each<[string, Record<string, Flag>[], string]>([
    ['deleted and added again', [{ f: {} }, {}, { f: bare }], 'f ran before: the guard is removed'],
    [
      'longer ago',
      [{ f: {} }, {}, { h: { to: 'third' } }, {}, { f: bare }],
      'f ran before: the guard is removed',
    ],
    [
      'added again as it was, then without',
      [{ f: {} }, {}, { f: {} }, { f: bare }],
      'f: the guard is removed',
    ],
    ['under another name, at once', [{ f: {} }, { g: bare }], 'g takes the place of f: the guard is removed'],
    [
      'under another name, later',
      [{ f: {} }, {}, { g: bare }],
      'g takes the place of f: the guard is removed',
    ],
    [
      'with its salt and another origin',
      [{ f: {} }, {}, { g: { ...bare, salt: 'f', to: 'third' } }],
      'g takes the place of f: the guard is removed',
    ],
    [
      'while the flag stays without its route',
      [{ f: {} }, { f: { to: 'nowhere' }, g: bare }],
      'g takes the place of f: the guard is removed',
    ],
    [
      'by a flag that was there and did nothing',
      [{ f: {}, g: { ...bare, rules: [] } }, { g: bare }],
      'g takes the place of f: the guard is removed',
    ],
    [
      'while it has no rules',
      [{ f: {} }, { f: { rules: [] } }, { f: { rules: [], guard: null } }],
      'f: the guard is removed',
    ],
    [
      'that watches less',
      [{ f: { guard: { errors: {}, latency: {} } } }, {}, { f: {} }],
      'f ran before: latency is no longer watched',
    ],
  ])('%s', (_, flags, text) => {
    expect(asked(flags)).toContain(text)
  })

  it('is not asked for where it is the same, or the flag is another one', () => {
    expect(asked([{ f: {} }, {}, { f: {} }])).toEqual([])
    expect(asked([{ f: {} }, {}, { g: {} }])).toEqual([])
    expect(asked([{ f: {} }, {}, { g: { guard: null, to: 'third' } }])).toEqual([])
    expect(asked([{ f: {} }, { f: {}, g: { guard: null } }])).toEqual([])
    expect(asked([{ f: { rules: [], guard: null } }, {}, { f: { guard: null } }])).toEqual([])
  })
})

describe('a place that is taken', () => {
  it('is not further up, nor climbs further without a person', () => {
    const half = { rules: [{ serve: 'on', stages: [{ percentage: 50 }, { percentage: 100 }] }] }
    expect(asked([{ f: {} }, {}, { g: half }])).toContain('g takes the place of f: goes from 1 % to 50 %')
    const manual = {
      rules: [{ serve: 'on', stages: [{ percentage: 1, approval: true }, { percentage: 100 }] }],
    }
    expect(asked([{ f: manual }, {}, { g: {} }])).toEqual([
      'g takes the place of f: stages lead up to 100 % without a person, up to 1 % before',
    ])
  })

  it('is not open where it was closed', () => {
    const rolledBack = { atMs: 0, reason: 'worse' }
    const close = (state: ControlState) => ({
      ...state,
      flags: { f: { generation: 1, stage: 0, ...state.flags.f, rolledBack } },
    })
    expect(asked([{ f: {} }, {}, { g: {} }], close)).toEqual([
      'g takes the place of f: f is closed, and g is open',
    ])
    const kill = (state: ControlState) => ({ ...state, killed: ['f'] })
    expect(asked([{ f: {} }, {}, { g: {} }], kill)).toEqual([
      'g takes the place of f: f is closed, and g is open',
    ])
    expect(asked([{ f: {} }, {}, { f: {} }], close)).toEqual([])
  })
})
