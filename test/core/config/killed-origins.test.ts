import { describe, expect, it } from 'vitest'
import { keptOpen, killedOrigins } from '../../../src/core/config/compile/killed-origins.ts'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { type ControlState, compileControl, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'

const variants = { on: true, off: false }
const flag = (more = {}) => ({ variants, off: 'off', rules: [{ serve: 'on' }], ...more })
const route = (key: string, on: string, off: string) => ({
  path: `/${key}/*`,
  flag: key,
  origins: { on, off },
})
const originOf = (name: string) => ({ url: `https://${name}.test` })

/** A document with these routes and flags, compiled, and the state in force. */
function inForce(
  routes: object[],
  flags: Record<string, object>,
  state: Partial<ControlState>,
  killList: readonly string[] = [],
) {
  const origins = Object.fromEntries(['old', 'new', 'newer', 'other'].map((name) => [name, originOf(name)]))
  const parsed = parseDocumentValue({ origins, routes: [...routes, { path: '/*', origin: 'old' }], flags })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return [
    compileSnapshot(parsed.value),
    compileControl({ ...INITIAL_CONTROL_STATE, ...state }, killList),
  ] as const
}

/** Names of the origins from which no worker, and nothing at all, may come. */
function closed(
  routes: object[],
  flags: Record<string, object>,
  state: Partial<ControlState>,
  killList: readonly string[] = [],
): [killed: string[], isolated: string[]] {
  const { closed, isolated } = killedOrigins(...inForce(routes, flags, state, killList))
  return [[...closed].map(({ name }) => name), [...isolated].map(({ name }) => name)]
}

const F = route('f', 'new', 'old')
const isolated = { killed: ['f'], isolated: ['f'] }
const rolledBack = { generation: 1, stage: 0, rolledBack: { atMs: 0, reason: 'x' } }

describe('the origins of closed variants', () => {
  it('are those that a killed or rolled back flag leads to, but for its control', () => {
    expect(closed([F], { f: flag() }, {})).toEqual([[], []])
    expect(closed([F], { f: flag() }, { killed: ['f'] })).toEqual([['new'], []])
    expect(closed([F], { f: flag() }, {}, ['f'])).toEqual([['new'], []])
    expect(closed([F], { f: flag() }, {}, ['*'])).toEqual([['new'], []])
    expect(closed([F], { f: flag() }, { kvKilled: ['f'] })).toEqual([['new'], []])
    expect(closed([F], { f: flag() }, { flags: { f: rolledBack } })).toEqual([['new'], []])
    const killed = (state: Partial<ControlState>) =>
      [...killedOrigins(...inForce([F], { f: flag() }, state)).killed].map(({ name }) => name)
    expect([killed({ killed: ['f'] }), killed({ flags: { f: rolledBack } })]).toEqual([['new'], []])
    const three = { ...F, origins: { on: 'new', off: 'old', wide: 'other' } }
    expect(closed([three], { f: flag({ variants: { ...variants, wide: 'w' } }) }, isolated)).toEqual([
      ['new', 'other'],
      ['new', 'other'],
    ])
  })

  it('are isolated where the kill says so, and while it stands', () => {
    expect(closed([F], { f: flag() }, isolated)).toEqual([['new'], ['new']])
    expect(closed([F], { f: flag() }, { killed: ['*'], isolated: ['*'] })).toEqual([['new'], ['new']])
    expect(closed([F], { f: flag() }, { isolated: ['f'] })).toEqual([[], []])
  })

  it('are not isolated where an open flag leads there', () => {
    const routes = [F, route('g', 'new', 'old')]
    expect(closed(routes, { f: flag(), g: flag() }, isolated)).toEqual([['new'], []])
    const notOpen: [object, Partial<ControlState>][] = [
      [flag({ enabled: false }), isolated],
      [flag(), { ...isolated, killed: ['f', 'g'] }],
      [flag(), { ...isolated, flags: { g: rolledBack } }],
    ]
    for (const [g, state] of notOpen)
      expect(closed(routes, { f: flag(), g }, state)).toEqual([['new'], ['new']])
  })

  it('have no control among them, whichever flag it is the control of', () => {
    const next = [F, route('g', 'newer', 'new')]
    expect(closed(next, { f: flag(), g: flag() }, isolated)).toEqual([[], []])
    expect(closed(next, { f: flag(), g: flag() }, { killed: ['*'], isolated: ['*'] })).toEqual([
      ['newer'],
      ['newer'],
    ])
    // The stable origin of everything that has no flag.
    expect(closed([route('f', 'old', 'other')], { f: flag() }, isolated)).toEqual([[], []])
  })
})

describe('what a kill was to isolate and did not is told with its reason', () => {
  const kept = (routes: object[], flags: Record<string, object>, state: Partial<ControlState>, of = 'f') =>
    keptOpen(...inForce(routes, flags, state), of)

  it('which is an open flag that leads there', () => {
    const routes = [F, route('g', 'new', 'old'), route('h', 'new', 'old'), route('i', 'newer', 'old')]
    const flags = { f: flag(), g: flag(), h: flag({ enabled: false }), i: flag() }
    expect(kept(routes, flags, isolated)).toEqual([{ origin: 'new', flags: ['g'] }])
    expect(kept(routes, flags, { killed: ['f', 'g'], isolated: ['f'] })).toEqual([])
    expect(kept(routes, flags, { killed: ['*'], isolated: ['*'] }, '*')).toEqual([])
  })

  it('or a flag that has it as its control, open or not', () => {
    const routes = [F, route('g', 'newer', 'new')]
    const flags = { f: flag(), g: flag() }
    expect(kept(routes, flags, isolated)).toEqual([{ origin: 'new', flags: ['g'] }])
    expect(kept(routes, flags, { killed: ['*'], isolated: ['*'] }, '*')).toEqual([
      { origin: 'new', flags: ['g'] },
    ])
  })

  it('or that it is the stable origin of everything else', () => {
    expect(kept([route('f', 'old', 'other')], { f: flag() }, isolated)).toEqual([
      { origin: 'old', flags: [] },
    ])
  })

  it('and nothing where all of it is isolated', () => {
    expect(kept([F], { f: flag() }, isolated)).toEqual([])
  })
})
