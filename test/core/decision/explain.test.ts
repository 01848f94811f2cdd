/** Why a visitor gets a variant, whether their id matters, and what a population would get. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot, type Snapshot } from '../../../src/core/config/compile/snapshot.ts'
import { type ControlState, compileControl, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { type AttributeValue, staticContext } from '../../../src/core/context/attributes.ts'
import type { DecisionInputs } from '../../../src/core/decision/decide.ts'
import { explain } from '../../../src/core/decision/explain.ts'
import { explainVisitor } from '../../../src/core/decision/explain-visitor.ts'
import { simulateFlags } from '../../../src/core/decision/population.ts'
import { keyNeeds } from '../../../src/core/decision/targeting-key.ts'
import type { CompiledFlag } from '../../../src/core/flags/flag.ts'

const onOff = { variants: { on: 1, b: 2, off: 0 }, off: 'off' }
const RO = { attribute: 'country', op: 'in', values: ['RO'] }
const FLAGS = {
  'no-rules': onOff,
  everyone: { ...onOff, rules: [{ name: 'all', serve: 'on' }] },
  half: { ...onOff, rules: [{ name: 'half', percentage: 50, serve: 'on' }] },
  none: { ...onOff, rules: [{ name: 'none', percentage: 0, serve: 'on' }] },
  full: { ...onOff, rules: [{ name: 'full', percentage: 100, serve: 'on' }] },
  weighted: { ...onOff, rules: [{ serve: { on: 50, b: 50 } }] },
  romania: { ...onOff, rules: [{ name: 'ro', when: [RO], serve: 'on' }] },
  mixed: {
    ...onOff,
    rules: [
      {
        name: 'ro',
        when: [RO, { attribute: 'beta', op: 'exists', negate: true }],
        percentage: 20,
        serve: 'b',
      },
      { name: 'staged', stages: [{ percentage: 10 }, { percentage: 100 }], serve: 'on' },
      { name: 'rest', when: [RO], serve: 'b' },
    ],
    guard: {},
  },
  disabled: { ...onOff, enabled: false, rules: [{ serve: 'on' }] },
  elsewhere: { ...onOff, environments: ['staging', 'test'], rules: [{ serve: 'on' }] },
  later: { ...onOff, schedule: { start: '2027-01-01' }, rules: [{ serve: 'on' }] },
  child: { ...onOff, requires: ['half'], rules: [{ serve: 'on' }] },
  'child-of-closed': {
    ...onOff,
    requires: ['disabled', { flag: 'everyone', on: false }],
    rules: [{ serve: 'on' }],
  },
  'unless-disabled': { ...onOff, requires: [{ flag: 'disabled', on: false }], rules: [{ serve: 'on' }] },
  'child-of-weighted': {
    ...onOff,
    requires: [{ flag: 'weighted', variants: ['b'] }],
    rules: [{ serve: 'on' }],
  },
  unleash: {
    ...onOff,
    rules: [
      { percentage: 50, serve: 'on', bucketing: { scheme: 'unleash', group: 'g', stickiness: ['userId'] } },
      { percentage: 50, serve: 'b' },
    ],
  },
  'unleash-full': {
    ...onOff,
    rules: [
      { serve: 'on', bucketing: { scheme: 'unleash', group: 'g', stickiness: ['userId'] } },
      { percentage: 50, serve: 'b' },
    ],
  },
}

function snapshotOf(flags: object = FLAGS): Snapshot {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'https://old.test' }, new: { url: 'https://new.test' } },
    routes: [
      { path: '/shop/*', flag: 'half', origins: { on: 'new', b: 'new', off: 'old' } },
      { path: '/static/*', origin: 'new' },
      { path: '/old', origin: 'old' },
    ],
    defaultOrigin: 'old',
    flags,
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return compileSnapshot(parsed.value)
}

const SNAPSHOT = snapshotOf()
const flagOf = (key: string) => SNAPSHOT.flags.get(key) as CompiledFlag

function inputsOf(state: Partial<ControlState> = {}, overrides: Record<string, string> = {}): DecisionInputs {
  return {
    flags: SNAPSHOT.flags,
    control: compileControl({ ...INITIAL_CONTROL_STATE, ...state }, []),
    environment: 'production',
    nowMs: Date.UTC(2026, 5, 1),
    overrides: new Map(Object.entries(overrides)),
  }
}

const ROLLED_BACK = { half: { generation: 1, stage: 0, rolledBack: { atMs: 1, reason: 'errors' } } }
/** Inside 50 % of `half`, and outside. */
const [INSIDE, OUTSIDE] = ['user-0', 'user-1', 'user-2', 'user-3', 'user-4', 'user-5'].reduce<string[]>(
  (found, key) => {
    const { variant } = explain(flagOf('half'), staticContext(key, {}), inputsOf()).decision
    found[variant === 'on' ? 0 : 1] ??= key
    return found
  },
  [],
)

function told(
  key: string,
  visitor: string | undefined,
  attributes: Record<string, AttributeValue> = {},
  inputs = inputsOf(),
) {
  const { sentence, gates, rules } = explain(flagOf(key), staticContext(visitor, attributes), inputs)
  const closed = gates.filter(({ passed }) => !passed).map(({ gate, detail }) => `${gate}: ${detail}`)
  const traces = rules.map(
    ({ rule, outcome, percentage, position, conditions }) =>
      `${rule} ${outcome} ${percentage} ${position} ${conditions.map(({ holds, found }) => `${found} ${holds}`).join()}`,
  )
  return [sentence, ...closed, ...traces]
}

describe('an explanation', () => {
  it('of every kind of flag says what decided', () => {
    const lines = Object.keys(FLAGS).flatMap((key) => [
      `# ${key}`,
      ...told(key, OUTSIDE, { country: 'RO', userId: 'u' }),
    ])
    expect(lines).toMatchInlineSnapshot(`
      [
        "# no-rules",
        "off, because the flag has no rules",
        "# everyone",
        "on, by the rule "all"",
        "all served null null ",
        "# half",
        "off, because the visitor is outside the 50 % of "half"",
        "half outside-percentage 50 71.844 ",
        "# none",
        "off, because the visitor is outside the 0 % of "none"",
        "none outside-percentage 0 60.763 ",
        "# full",
        "on, by the rule "full", inside its 100 %",
        "full served 100 54.573 ",
        "# weighted",
        "on, by the rule "rule 1"",
        "rule 1 served null null ",
        "# romania",
        "on, by the rule "ro"",
        "ro served null null RO true",
        "# mixed",
        "b, by the rule "ro", inside its 20 %",
        "ro served 20 19.856 RO true,null true",
        "staged not-reached 10 19.856 ",
        "rest not-reached null null RO true",
        "# disabled",
        "off, because the flag is closed: disabled in the document",
        "enabled: disabled in the document",
        "rule 1 not-reached null null ",
        "# elsewhere",
        "off, because the flag is closed: this is production, the flag is for staging, test",
        "environment: this is production, the flag is for staging, test",
        "rule 1 not-reached null null ",
        "# later",
        "off, because the flag is closed: outside its schedule",
        "schedule: outside its schedule",
        "rule 1 not-reached null null ",
        "# child",
        "off, because the flag is closed: half serves off",
        "requires half: half serves off",
        "rule 1 not-reached null null ",
        "# child-of-closed",
        "off, because the flag is closed: disabled serves off",
        "requires disabled: disabled serves off",
        "requires everyone: everyone serves on",
        "rule 1 not-reached null null ",
        "# unless-disabled",
        "on, by the rule "rule 1"",
        "rule 1 served null null ",
        "# child-of-weighted",
        "off, because the flag is closed: weighted serves on",
        "requires weighted: weighted serves on",
        "rule 1 not-reached null null ",
        "# unleash",
        "on, by the rule "rule 1", inside its 50 %",
        "rule 1 served 50 null ",
        "rule 2 not-reached 50 53.559 ",
        "# unleash-full",
        "on, by the rule "rule 1"",
        "rule 1 served null null ",
        "rule 2 not-reached 50 53.563 ",
      ]
    `)
  })

  it('of a visitor inside a share, without an id, and elsewhere', () => {
    expect([
      ...told('half', INSIDE),
      ...told('half', undefined),
      ...told('mixed', INSIDE, { beta: true, country: 'DE' }),
      ...told(
        'mixed',
        INSIDE,
        { country: 'RO' },
        inputsOf({ flags: { mixed: { generation: 1, stage: 1 } } }),
      ),
      ...told(
        'mixed',
        INSIDE,
        {},
        inputsOf({ flags: { mixed: { generation: 1, stage: 1, finished: true } } }),
      ),
      ...told('romania', INSIDE, { country: 'DE' }),
      ...told('child', INSIDE),
    ]).toMatchInlineSnapshot(`
      [
        "on, by the rule "half", inside its 50 %",
        "half served 50 2.64 ",
        "off, because the visitor is outside the 50 % of "half"",
        "half outside-percentage 50 null ",
        "off, because the visitor is outside the 10 % of "staged"",
        "ro conditions-not-met 20 85.902 DE false,true false",
        "staged outside-percentage 10 85.902 ",
        "rest conditions-not-met null null DE false",
        "on, by the rule "staged", inside its 99 %",
        "ro outside-percentage 20 85.902 RO true,null true",
        "staged served 99 85.902 ",
        "rest not-reached null null RO true",
        "on, by the rule "staged", inside its 100 %",
        "ro conditions-not-met 20 85.902 null false,null true",
        "staged served 100 85.902 ",
        "rest not-reached null null null false",
        "off, because no rule's conditions are met",
        "ro conditions-not-met null null DE false",
        "on, by the rule "rule 1"",
        "rule 1 served null null ",
      ]
    `)
  })

  it('of a closed flag, and of an override', () => {
    expect([
      ...told('half', INSIDE, {}, inputsOf({ killed: ['half'] })),
      ...told('half', INSIDE, {}, inputsOf({ flags: ROLLED_BACK })),
      ...told('half', INSIDE, {}, inputsOf({}, { half: 'b' })),
      ...told('half', INSIDE, {}, inputsOf({}, { half: 'no such variant' })),
      ...told('half', INSIDE, {}, inputsOf({ flags: ROLLED_BACK }, { half: 'b' })),
      ...told('half', INSIDE, {}, inputsOf({ killed: ['half'] }, { half: 'b' })),
    ]).toMatchInlineSnapshot(`
      [
        "off, because the flag is closed: the flag is killed",
        "kill: the flag is killed",
        "half not-reached 50 2.64 ",
        "off, because the flag is closed: rolled back: errors",
        "rollback: rolled back: errors",
        "half not-reached 50 2.64 ",
        "b, because a signed preview link says so",
        "half not-reached 50 2.64 ",
        "on, by the rule "half", inside its 50 %",
        "half served 50 2.64 ",
        "b, because a signed preview link says so",
        "rollback: rolled back: errors",
        "half not-reached 50 2.64 ",
        "off, because the flag is closed: the flag is killed",
        "kill: the flag is killed",
        "half not-reached 50 2.64 ",
      ]
    `)
  })

  it('lists every check, in order', () => {
    expect(explain(flagOf('child'), staticContext(INSIDE, {}), inputsOf()).gates).toMatchInlineSnapshot(`
      [
        {
          "detail": "the flag is not killed",
          "gate": "kill",
          "passed": true,
        },
        {
          "detail": "not rolled back",
          "gate": "rollback",
          "passed": true,
        },
        {
          "detail": "enabled",
          "gate": "enabled",
          "passed": true,
        },
        {
          "detail": "this is production",
          "gate": "environment",
          "passed": true,
        },
        {
          "detail": "within its schedule",
          "gate": "schedule",
          "passed": true,
        },
        {
          "detail": "half serves on",
          "gate": "requires half",
          "passed": true,
        },
      ]
    `)
    expect(
      explain(flagOf('mixed'), staticContext(INSIDE, { country: 'RO' }), inputsOf()).rules[0],
    ).toMatchInlineSnapshot(`
      {
        "conditions": [
          {
            "attribute": "country",
            "found": "RO",
            "holds": true,
            "negate": false,
            "op": "in",
            "values": [
              "RO",
            ],
          },
          {
            "attribute": "beta",
            "found": null,
            "holds": true,
            "negate": true,
            "op": "exists",
            "values": [],
          },
        ],
        "outcome": "outside-percentage",
        "percentage": 20,
        "position": 85.902,
        "rule": "ro",
      }
    `)
  })
})

describe('a visitor who is explained', () => {
  const visit = (path: string | undefined, key = INSIDE, flag?: string) => {
    const place = path === undefined ? undefined : { host: 'h', path, method: 'GET' }
    const asked = explainVisitor(
      SNAPSHOT,
      { context: staticContext(key, {}), inputs: inputsOf(), place },
      flag,
    )
    return asked && { route: asked.route, flags: asked.explanations.map(({ decision }) => decision.flag) }
  }

  it('gets the origin of the route and the flag that chose it', () => {
    expect(visit('/shop/1')).toEqual({
      route: { route: '/shop/*', origin: 'new', flag: 'half' },
      flags: ['half'],
    })
    expect(visit('/shop/1', OUTSIDE)?.route).toEqual({ route: '/shop/*', origin: 'old', flag: 'half' })
    expect(visit('/static/a')).toEqual({
      route: { route: '/static/*', origin: 'new', flag: null },
      flags: [],
    })
    expect(visit('/nowhere')).toEqual({ route: { route: 'no route', origin: 'old', flag: null }, flags: [] })
    expect(visit('/static/a', INSIDE, 'full')?.flags).toEqual(['full'])
  })

  it('without a request gets all flags, or the one that was asked for', () => {
    expect(visit(undefined)).toEqual({ route: null, flags: Object.keys(FLAGS) })
    expect(visit(undefined, INSIDE, 'full')).toEqual({ route: null, flags: ['full'] })
    expect(visit(undefined, INSIDE, 'unknown')).toBeUndefined()
  })
})

describe('a targeting key', () => {
  const needed = (attributes: Record<string, AttributeValue>, inputs = inputsOf()) =>
    Object.keys(FLAGS).filter((key) => keyNeeds(staticContext(undefined, attributes), inputs)(flagOf(key)))

  it('is needed where it could change the variant', () => {
    expect(needed({})).toEqual(['half', 'weighted', 'mixed', 'child', 'child-of-weighted', 'unleash'])
    expect(needed({ country: 'RO', beta: true, userId: 'u' })).toMatchInlineSnapshot(`
      [
        "half",
        "weighted",
        "mixed",
        "child",
        "child-of-weighted",
      ]
    `)
    expect(needed({ userId: 'user-8' })).toMatchInlineSnapshot(`
      [
        "half",
        "weighted",
        "mixed",
        "child",
        "child-of-weighted",
        "unleash",
      ]
    `)
  })

  it('is not needed where control has decided', () => {
    expect(needed({}, inputsOf({ killed: ['*'] }))).toEqual([])
    expect(needed({}, inputsOf({ flags: ROLLED_BACK }))).not.toContain('half')
    expect(needed({}, inputsOf({}, { half: 'on' }))).not.toContain('half')
    const last = { generation: 1, stage: 1 }
    expect(needed({}, inputsOf({ flags: { mixed: last } }))).toContain('mixed')
    expect(needed({}, inputsOf({ flags: { mixed: { ...last, finished: true } } }))).not.toContain('mixed')
  })
})

describe('a population', () => {
  it('gets what its visitors get, in all and by attribute', () => {
    const population = {
      visitors: 400,
      mixture: { country: { RO: 1, DE: 3 }, plan: { free: 1 } },
      common: { beta: true },
    }
    expect(
      simulateFlags(SNAPSHOT, ['romania', 'half', 'gone'], population, inputsOf()),
    ).toMatchInlineSnapshot(`
      [
        {
          "flag": "romania",
          "groups": [
            {
              "attribute": "",
              "value": "",
              "variants": {
                "off": 301,
                "on": 99,
              },
              "visitors": 400,
            },
            {
              "attribute": "country",
              "value": "DE",
              "variants": {
                "off": 301,
              },
              "visitors": 301,
            },
            {
              "attribute": "country",
              "value": "RO",
              "variants": {
                "on": 99,
              },
              "visitors": 99,
            },
            {
              "attribute": "plan",
              "value": "free",
              "variants": {
                "off": 301,
                "on": 99,
              },
              "visitors": 400,
            },
          ],
        },
        {
          "flag": "half",
          "groups": [
            {
              "attribute": "",
              "value": "",
              "variants": {
                "off": 200,
                "on": 200,
              },
              "visitors": 400,
            },
            {
              "attribute": "country",
              "value": "DE",
              "variants": {
                "off": 157,
                "on": 144,
              },
              "visitors": 301,
            },
            {
              "attribute": "country",
              "value": "RO",
              "variants": {
                "off": 43,
                "on": 56,
              },
              "visitors": 99,
            },
            {
              "attribute": "plan",
              "value": "free",
              "variants": {
                "off": 200,
                "on": 200,
              },
              "visitors": 400,
            },
          ],
        },
        {
          "flag": "gone",
          "groups": [],
        },
      ]
    `)
  })
})
