/** A command on one flag may open others, which no one named: it asks as a document that does the same. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { type ControlState, INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { applyCommand, type Command } from '../../../../src/core/rollout/commands.ts'
import { withDocument } from '../../../../src/core/rollout/edits/document-change.ts'
import { unconfirmedEntries } from '../../../../src/core/rollout/edits/entering.ts'
import { ladderOf, laddersOf } from '../../../../src/core/rollout/edits/ladders.ts'
import { commandQuestions } from '../../../../src/core/rollout/edits/named-change.ts'
import { servedBy } from '../../../../src/core/rollout/edits/serving.ts'

const ON_OFF = { variants: { on: true, off: false }, off: 'off' }
const staged = (stages: object[], more: object = {}) => ({
  ...ON_OFF,
  rules: [{ serve: 'on', stages }],
  guard: { errors: {} },
  ...more,
})
const LADDER = [{ percentage: 5, approval: true }, { percentage: 50, approval: true }, { percentage: 100 }]
/** `child` needs `base`. */
const CHILD = staged([{ percentage: 10 }, { percentage: 100 }], { requires: ['base'] })
const ROUTES = [
  { path: '/shop/*', flag: 'child', origins: { on: 'new', off: 'old' } },
  { path: '/*', origin: 'old' },
]

function load(flags: object, routes: object[] = ROUTES) {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
    routes,
    flags,
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const loaded = { document: parsed.value, snapshot: compileSnapshot(parsed.value) }
  const ladders = laddersOf(loaded, INITIAL_CONTROL_STATE)
  const none = { shareBefore: () => undefined, ladderBefore: () => undefined }
  const { state } = withDocument(INITIAL_CONTROL_STATE, { ladders, word: 'confirmed', ...none })
  return { ...loaded, state }
}
type World = ReturnType<typeof load>

function following(world: World, ...commands: Command[]): World {
  let { state } = world
  for (const command of commands) {
    const result = applyCommand(state, command, ladderOf(world, command.flag), 0, '')
    if (!result.ok) throw new Error(result.error)
    state = result.state
  }
  return { ...world, state }
}
const of = (kind: Command['kind'], flag = 'base', stage?: number): Command => ({
  kind,
  flag,
  ...(stage !== undefined && { stage }),
})
const asked = (command: Command, world: World) => commandQuestions(command, world)
const OPENS = ['child: base, which it requires, lets more visitors enter the canary']

describe('a command on a required flag', () => {
  const world = load({ base: staged(LADDER), child: CHILD })
  it.each<[string, Command, Command[]]>([
    ['unkill', of('unkill'), [of('kill')]],
    ['resume', of('resume'), [of('rollback')]],
    ['restart', of('restart'), [of('rollback')]],
    ['stage, up', of('stage', 'base', 2), []],
    ['advance', of('advance'), []],
    ['approve', of('approve'), []],
    ['approve of the last stage that asks', of('approve'), [of('stage', 'base', 1)]],
    ['finish', of('finish'), []],
  ])('asks for the flag that it opens: %s', (_, command, before) => {
    expect(asked(command, following(world, ...before))).toEqual(OPENS)
  })

  it.each<[string, Command, Command[]]>([
    ['kill', of('kill'), []],
    ['rollback', of('rollback'), []],
    ['pause', of('pause'), []],
    ['resume of a pause', of('resume'), [of('pause')]],
    ['stage, down', of('stage', 'base', 0), [of('stage', 'base', 1)]],
    ['unkill of all', of('unkill', '*'), [of('kill', '*')]],
    ['unkill of one while all are killed', of('unkill'), [of('kill'), of('kill', '*')]],
    ['the flag itself', of('unkill', 'child'), [of('kill', 'child')]],
    ['one that is impossible', of('resume'), []],
    ['what stays closed', of('unkill'), [of('kill'), of('kill', 'child')]],
    ['a finished flag', of('advance'), [of('finish', 'child')]],
  ])('asks nothing: %s', (_, command, before) => {
    expect(asked(command, following(world, ...before))).toEqual([])
  })

  it('asks where the list in KV has the kill', () => {
    const state: ControlState = { ...world.state, kvKilled: ['base', 'other'] }
    expect(asked(of('unkill'), { ...world, state })).toEqual(OPENS)
  })

  it('asks through flags between, and for every flag that it opens', () => {
    const link = { ...ON_OFF, rules: [{ serve: 'on' }], requires: ['base'] }
    const flags = { base: staged(LADDER), link, child: { ...CHILD, requires: ['link'] }, second: CHILD }
    expect(asked(of('unkill'), following(load(flags), of('kill')))).toEqual([
      'child: link, which it requires, lets more visitors enter the canary',
      'second: base, which it requires, lets more visitors enter the canary',
    ])
  })

  it('asks by what is required: off, or a variant', () => {
    const needing = (requirement: object) =>
      load({ base: staged(LADDER), child: { ...CHILD, requires: [requirement] } })
    const without = needing({ flag: 'base', on: false })
    expect(asked(of('unkill'), following(without, of('kill')))).toEqual([])
    expect(asked(of('stage', 'base', 0), following(without, of('stage', 'base', 1)))).toEqual(OPENS)
    expect(asked(of('unkill'), following(needing({ flag: 'base', variants: ['off'] }), of('kill')))).toEqual(
      [],
    )
  })

  it('asks where a flag without a rollout leads to what another one holds back', () => {
    const plain = { ...ON_OFF, rules: [{ serve: 'on' }], requires: ['base'] }
    const routes = [{ path: '/help/*', flag: 'plain', origins: { on: 'new', off: 'old' } }, ...ROUTES]
    const flags = { base: { ...ON_OFF, rules: [{ serve: 'on' }] }, plain, child: staged(LADDER) }
    const texts = asked(of('unkill'), following(load(flags, routes), of('kill')))
    expect(texts).toHaveLength(1)
    expect(texts[0]).toContain('visitors may newly reach origin new, which child holds back at 5 %')
  })
})

describe('variants that a flag may serve', () => {
  const of = (...rules: object[]) => [...servedBy(load({ f: { ...ON_OFF, rules } }, ROUTES.slice(1)), 'f')]
  it('are the off one as well, unless a rule takes in everybody', () => {
    const when = [{ attribute: 'country', op: 'in', values: ['RO'] }]
    expect([of({ serve: 'on' }), of({ serve: 'on', percentage: 100 })]).toEqual([['on'], ['on']])
    expect(of({ serve: 'on', percentage: 99.999 })).toEqual(['on', 'off'])
    expect(of({ serve: 'on', when })).toEqual(['on', 'off'])
    expect([of({ serve: 'on', percentage: 0 }), of()]).toEqual([['off'], ['off']])
    expect(of({ serve: { on: 100, off: 0 } })).toEqual(['on'])
    expect(of({ serve: 'off' }, { serve: 'on' })).toEqual(['off'])
  })
})

describe('a document in KV that raises where a rolled-back flag begins', () => {
  const closed = following(
    load({ child: staged([{ percentage: 1 }, { percentage: 100 }]) }),
    of('rollback', 'child'),
  )
  it.each<[string, object]>([
    ['the first stage', staged([{ percentage: 50 }, { percentage: 100 }])],
    ['no stages any more', { ...ON_OFF, rules: [{ serve: 'on', percentage: 50 }], guard: { errors: {} } }],
  ])('is refused: %s', (_, child) => {
    expect(unconfirmedEntries(closed, load({ child }))).toEqual([
      'child: resume would lead to 50 %, to 1 % before',
    ])
  })

  it('comes into force where it begins no higher', () => {
    const child = staged([{ percentage: 1 }, { percentage: 50 }, { percentage: 100 }])
    expect(unconfirmedEntries(closed, load({ child }))).toEqual([])
  })
})
