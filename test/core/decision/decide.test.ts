import { describe, expect, it } from 'vitest'
import { compileSnapshot } from '../../../src/core/config/compile/snapshot.ts'
import { compileControl, type FlagControl, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { type AttributeValue, staticContext } from '../../../src/core/context/attributes.ts'
import { type Arm, type Decision, decide, type Reason } from '../../../src/core/decision/decide.ts'
import { explain } from '../../../src/core/decision/explain.ts'
import { positionOfKey } from '../../../src/core/flags/position.ts'
import vectors from '../../vectors/decisions.json' with { type: 'json' }

type Vector = {
  name: string
  flag: string
  targetingKey?: string
  attributes?: Record<string, AttributeValue>
  environment?: string
  now?: string
  killed?: string[]
  control?: Record<string, FlagControl>
  overrides?: Record<string, string>
  expect: Pick<Decision, 'variant'> & { arm: Arm; reason: Reason; rule?: string }
}

const parsed = parseDocumentValue(vectors.document)
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 2))
const { flags } = compileSnapshot(parsed.value)

function asked(vector: Vector) {
  const flag = flags.get(vector.flag)
  if (flag === undefined) throw new Error(`The vectors have no flag "${vector.flag}"`)
  const { killed = [], control = {}, environment = 'production', now = '2026-12-01T12:00:00Z' } = vector
  const state = { ...INITIAL_CONTROL_STATE, flags: control }
  return {
    flag,
    context: staticContext(vector.targetingKey, vector.attributes ?? {}),
    inputs: {
      flags,
      control: compileControl(state, killed),
      environment,
      nowMs: Date.parse(now),
      overrides: vector.overrides && new Map(Object.entries(vector.overrides)),
    },
  }
}

describe('a decision, as in the vectors', () => {
  it.each(vectors.decisions as Vector[])('$flag: $name', (vector) => {
    const { flag, context, inputs } = asked(vector)
    const { rule, arm, ...expected } = vector.expect
    const control = inputs.control.of(flag.key)
    const position = positionOfKey(flag.salt, vector.targetingKey ?? '')
    const decision = decide(flag, context, inputs)
    expect(decision).toEqual({
      ...expected,
      flag: vector.flag,
      rule,
      value: flag.values.get(expected.variant),
      generation: control.generation,
      stage: control.stage,
      placement: arm === 'other' ? { arm } : expect.objectContaining({ arm, position }),
    })
    expect(explain(flag, context, inputs).decision).toEqual(decision)
  })
})
