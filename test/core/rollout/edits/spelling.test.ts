/** A split is what it means: another spelling begins no generation and moves no visitor, and any other meaning begins one. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import {
  type ControlState,
  compileControl,
  type FlagControl,
  INITIAL_CONTROL_STATE,
} from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import type { FlagConfig, GateDocument } from '../../../../src/core/config/schema/document.ts'
import { staticContext } from '../../../../src/core/context/attributes.ts'
import { decide } from '../../../../src/core/decision/decide.ts'
import { withDocument } from '../../../../src/core/rollout/edits/document-change.ts'
import { ladderOf, laddersOf, shareOf } from '../../../../src/core/rollout/edits/ladders.ts'
import { questionsOf } from '../../../../src/core/rollout/edits/questions.ts'
import { splitDifference } from '../../../../src/core/rollout/edits/split-difference.ts'

const PLAN = { attribute: 'plan', op: 'in', values: ['gold', 'silver'] }
const COUNTRY = { attribute: 'header.X-Country', op: 'in', values: ['RO', 'DE'] }
const FIRST = {
  origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test/app' } },
  context: {
    targetingKey: { header: 'X-User-Id' } as unknown,
    attributes: { plan: { cookie: 'plan' } } as object,
  },
  route: { path: '/shop/*', host: 'Shop.test', method: 'get' } as object,
  variants: { on: { name: 'A', list: [1, 2] }, off: false } as object,
  rule: { when: [PLAN, COUNTRY], serve: 'on' } as object,
  salt: undefined as string | undefined,
}
type Parts = typeof FIRST

function load(parts: Partial<Parts>) {
  const { origins, context, route, variants, rule, salt } = { ...FIRST, ...parts }
  const parsed = parseDocumentValue({
    origins,
    context,
    routes: [
      { flag: 'f', origins: { on: 'new', off: 'old' }, ...route },
      { path: '/*', origin: 'old' },
    ],
    flags: {
      f: {
        variants,
        off: 'off',
        ...(salt !== undefined && { salt }),
        rules: [{ stages: [{ percentage: 50 }, { percentage: 100 }], ...rule }],
        guard: { ceilings: { errorRate: 0.5 } },
      },
    },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return { document: parsed.value, snapshot: compileSnapshot(parsed.value) }
}
type Loaded = ReturnType<typeof load>

function under(next: Loaded, word: 'confirmed' | 'unconfirmed', before?: Loaded & { state: ControlState }) {
  const state = before?.state ?? INITIAL_CONTROL_STATE
  return withDocument(state, {
    ladders: laddersOf(next, state),
    word,
    shareBefore: (flag) => before && shareOf(before, flag, state.flags[flag] ?? { generation: 1, stage: 0 }),
    ladderBefore: (flag) => before && ladderOf(before, flag),
  })
}

/** Which of 40 visitors the canary has, on an isolate with this document and state. */
function canary({ snapshot }: Loaded, state: ControlState): string {
  const flag = snapshot.flags.get('f')
  if (flag === undefined) throw new Error('The flag is missing')
  const inputs = {
    flags: snapshot.flags,
    control: compileControl(state, []),
    environment: 'production',
    nowMs: 0,
    overrides: undefined,
  }
  const attributes = { plan: 'gold', 'header.x-country': 'RO' }
  return Array.from({ length: 40 }, (_, index) =>
    Number(decide(flag, staticContext(`user-${index}`, attributes), inputs).variant === 'on'),
  ).join('')
}

const before = load({})
const first = under(before, 'confirmed').state
const edited = (is: Partial<Parts>, word: 'confirmed' | 'unconfirmed' = 'confirmed') => {
  const next = load(is)
  const { state, changes } = under(next, word, { ...before, state: first })
  return { next, state, changes, control: state.flags.f as FlagControl }
}

it('of a document that stays as it is has the digest of the releases before: no rollout begins anew by an upgrade', () => {
  expect(first.flags.f?.split).toBe('3747372527-109117823')
})

/** In what the split of a document differs from the first one's. */
function differenceFrom(document: GateDocument) {
  const of = (each: GateDocument) => ({ flag: each.flags.f as FlagConfig, document: each })
  return splitDifference('f', of(before.document), of(document))
}

describe('another spelling', () => {
  it.each<[string, Partial<Parts>]>([
    ['a list of one source', { context: { ...FIRST.context, targetingKey: [{ header: 'X-User-Id' }] } }],
    ['a header in small letters', { context: { ...FIRST.context, targetingKey: { header: 'x-user-id' } } }],
    [
      'a list of one source of an attribute',
      { context: { ...FIRST.context, attributes: { plan: [{ cookie: 'plan' }] } } },
    ],
    [
      'attributes that no rule asks for',
      { context: { ...FIRST.context, attributes: { a: { cookie: 'a' }, plan: { cookie: 'plan' } } } },
    ],
    ['the order of conditions', { rule: { when: [COUNTRY, PLAN], serve: 'on' } }],
    [
      'the order of values, and the name of the rule',
      { rule: { name: 'x', when: [{ ...PLAN, values: ['silver', 'gold'] }, COUNTRY], serve: 'on' } },
    ],
    [
      'defaults that are written out',
      { rule: { when: [{ ...PLAN, negate: false, ignoreCase: false }, COUNTRY], serve: 'on' } },
    ],
    [
      'a condition on a header in small letters',
      { rule: { when: [PLAN, { ...COUNTRY, attribute: 'header.x-country' }], serve: 'on' } },
    ],
    ['the order of keys of a value', { variants: { off: false, on: { list: [1, 2], name: 'A' } } }],
    ['the salt that is the default', { salt: 'f' }],
    ['a host in small letters', { route: { path: '/shop/*', host: ['shop.test'], method: ['GET'] } }],
    ['a host with its port', { route: { path: '/shop/*', host: 'shop.test:80', method: 'GET' } }],
    ['an escaped path', { route: { path: '//sh%6fp/*', host: 'Shop.test', method: 'get' } }],
    [
      'another spelling of an origin',
      { origins: { old: { url: 'http://OLD.test/' }, new: { url: 'http://New.test:80/app/' } } },
    ],
    [
      'what an origin is asked with',
      {
        origins: {
          old: { url: 'http://old.test' },
          new: { url: 'http://new.test/app', timeoutMs: 5 } as never,
        },
      },
    ],
  ])('is the same split: %s', (_, is) => {
    for (const word of ['confirmed', 'unconfirmed'] as const) {
      const { next, state, changes, control } = edited(is, word)
      expect([control.generation, control.percentage, changes]).toEqual([1, 50, []])
      expect(questionsOf({ ...before, state: first }, { ...next, state })).toEqual([])
      expect(differenceFrom(next.document)).toEqual([])
      // Isolates get document and state in either order.
      expect(canary(next, state)).toBe(canary(before, first))
      expect(canary(before, state)).toBe(canary(before, first))
      expect(canary(before, first)).toContain('1')
    }
  })

  it('is known by its former name until something else changes, and then no more', () => {
    const { next, control, state } = edited({
      context: { ...FIRST.context, targetingKey: [{ header: 'X-User-Id' }] },
    })
    expect(control.formerSplit).toBe(first.flags.f?.split)
    const same = under(next, 'confirmed', { ...next, state })
    expect(same.state).toBe(state)
    const other = load({ salt: 'x' })
    const { flags } = under(other, 'confirmed', { ...next, state }).state
    expect(flags.f).toEqual({
      generation: 2,
      stage: 0,
      percentage: 50,
      split: ladderOf(other, 'f')?.split,
      most: control.most,
    })
  })

  it('is the same split also after the flag was no rollout for a while', () => {
    const plain = load({
      rule: { when: [PLAN, COUNTRY], serve: 'on', stages: undefined, percentage: undefined },
    })
    const left = under(plain, 'confirmed', { ...before, state: first }).state
    const next = load({ context: { ...FIRST.context, targetingKey: [{ header: 'x-user-id' }] } })
    const back = under(next, 'confirmed', { ...plain, state: left }).state
    expect([left.flags.f?.split, back.flags.f?.generation]).toEqual([undefined, 1])
  })
})

it('of the targeting key asks nothing of a flag that requires another one either', () => {
  const side = (key: object) => {
    const flag = { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on', percentage: 5 }] }
    const parsed = parseDocumentValue({
      origins: FIRST.origins,
      context: { targetingKey: key },
      routes: [{ path: '/*', origin: 'old' }],
      flags: { base: flag, child: { ...flag, guard: { errors: {} }, requires: ['base'] } },
    })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    return { document: parsed.value, snapshot: compileSnapshot(parsed.value), state: INITIAL_CONTROL_STATE }
  }
  const was = side({ header: 'X-Id' })
  expect(questionsOf(was, side([{ header: 'x-id' }]))).toEqual([])
  expect(questionsOf(was, side([{ header: 'x-other' }]))).not.toEqual([])
})

describe('another meaning', () => {
  it.each<[string, Partial<Parts>]>([
    [
      'another source',
      { context: { ...FIRST.context, targetingKey: [{ header: 'X-User-Id' }, { cookie: 'id' }] } },
    ],
    [
      'a cookie in small letters',
      { context: { ...FIRST.context, attributes: { plan: { cookie: 'Plan' } } } },
    ],
    ['a name in a value', { variants: { on: { name: 'B', list: [1, 2] }, off: false } }],
    ['the order of a list in a value', { variants: { on: { name: 'A', list: [2, 1] }, off: false } }],
    ['the value of off', { variants: { on: { name: 'A', list: [1, 2] }, off: 'false' } }],
    ['another path of an origin', { origins: { ...FIRST.origins, new: { url: 'http://new.test/App' } } }],
    ['another scheme', { origins: { ...FIRST.origins, new: { url: 'https://new.test/app' } } }],
    ['another port', { origins: { ...FIRST.origins, new: { url: 'http://new.test:443/app' } } }],
    ['another path', { route: { path: '/Shop/*', host: 'Shop.test', method: 'get' } }],
    ['another host', { route: { path: '/shop/*', host: '*.shop.test', method: 'get' } }],
    ['one more method', { route: { path: '/shop/*', host: 'Shop.test', method: ['GET', 'POST'] } }],
    ['another operator', { rule: { when: [{ ...PLAN, op: 'not_in' }, COUNTRY], serve: 'on' } }],
    ['another salt', { salt: 'F' }],
  ])('begins a generation: %s', (_, is) => {
    const { next, state, control } = edited(is)
    expect([control.generation, control.formerSplit]).toEqual([2, undefined])
    expect(questionsOf({ ...before, state: first }, { ...next, state }).map(({ kind }) => kind)).toContain(
      'new-split',
    )
    expect(differenceFrom(next.document)).toHaveLength(1)
    expect(edited(is, 'unconfirmed').control).toMatchObject({
      generation: 2,
      percentage: 0,
      unconfirmed: true,
    })
  })
})
