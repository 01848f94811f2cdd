/** Flags and contexts of flagd: every operation that the import knows, nested, and some that it doesn't. */
import fc from 'fast-check'
import type { Decision } from '../../../src/core/decision/decide.ts'

type Json = unknown
const VARIANTS = ['red', 'green', 'blue'] as const

/** Value and variant as the app gets them; a value that is left out is the app's own. */
export function answerOf(decision: Decision | undefined) {
  const isNothing = decision === undefined || decision.value === null
  return isNothing
    ? { variant: undefined, value: undefined }
    : { variant: decision.variant, value: decision.value }
}

const version = fc.oneof(
  fc.constantFrom(
    '1.0.0',
    'v1.0.0',
    'V1.0.0',
    '1.0',
    '1',
    'v2',
    '2.3.1',
    '2.3.1-rc.1',
    '2.3',
    'latest',
    '1.0.0.0',
  ),
  fc.constantFrom<Json>(1, 2.3, 'vv1.0.0', '', '01.2'),
)
const text = fc.constantFrom('ann@example.com', 'bob@x.org', 'admin', 'x', '')
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 4 })

export const flagdContext = fc
  .record({
    targetingKey: maybe(fc.string({ minLength: 1, maxLength: 8 })),
    email: maybe(text),
    age: maybe(fc.constantFrom(0, 9, 17, 18, 30, 41)),
    beta: maybe(fc.boolean()),
    version: maybe(version),
    colour: maybe(fc.constantFrom(...VARIANTS, 'mauve', '')),
    id: maybe(fc.oneof(fc.string({ maxLength: 6 }), fc.nat(50))),
  })
  .map(
    (fields) =>
      JSON.parse(JSON.stringify(fields)) as { targetingKey?: string } & Record<string, string | number>,
  )

const attribute = (name: string) => ({ var: name })
const leaf: fc.Arbitrary<Json> = fc.oneof(
  fc
    .tuple(fc.constantFrom('==', '!=', '===', '!=='), text)
    .map(([op, value]) => ({ [op]: [attribute('email'), value] })),
  fc.tuple(fc.constantFrom('<', '<=', '>', '>='), fc.constantFrom(0, 18, 30)).map(([op, value]) => ({
    [op]: [attribute('age'), value],
  })),
  fc.constantFrom('age', 'email', 'beta', 'id', 'version', 'nothing').map(attribute),
  fc
    .subarray(['ann@example.com', 'admin', 'x'], { minLength: 1 })
    .map((list) => ({ in: [attribute('email'), list] })),
  fc.constantFrom('ann', 'b', '@example.com').map((part) => ({ in: [part, attribute('email')] })),
  fc
    .tuple(fc.constantFrom('starts_with', 'ends_with'), fc.constantFrom('a', '.org', ''))
    .map(([op, part]) => ({
      [op]: [attribute('email'), part],
    })),
  fc
    .tuple(fc.constantFrom('=', '!=', '<', '<=', '>', '>=', '^', '~', '≈'), version)
    .map(([op, value]) => ({ sem_ver: [attribute('version'), op, value] })),
  fc.constantFrom('email', 'age').map((name) => ({ missing: [name] })),
  fc.boolean(),
  fc.tuple(fc.constantFrom('red', 'green', ''), fc.nat(4)).map(([part, weight]) => ({
    fractional: [
      [part, weight],
      [null, 2],
    ],
  })),
  fc.constant({ '==': [{ fractional: [attribute('id'), ['in', 3], ['out', 2]] }, 'in'] }),
  fc.constant({ $ref: 'adult' }),
)

const condition = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    leaf,
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('tree'), { minLength: 1, maxLength: 3 }))
      .map(([op, parts]) => ({
        [op]: parts,
      })),
    fc.tuple(fc.constantFrom('!', '!!'), tie('tree')).map(([op, part]) => ({ [op]: [part] })),
  ),
})).tree

const hashed = fc.constantFrom<Json[]>(
  [],
  [],
  [attribute('id')],
  [attribute('email')],
  [{ cat: [{ var: '$flagd.flagKey' }, attribute('email')] }],
  [{ cat: ['salt', attribute('id')] }],
)

const answer = fc.letrec<{ answer: Json }>((tie) => ({
  answer: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom<Json>(...VARIANTS, ...VARIANTS, null, 'none of them'),
    fc.constantFrom('colour', 'nothing').map(attribute),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('answer'), { minLength: 1, maxLength: 3 }))
      .map(([op, parts]) => ({ [op]: parts })),
    fc
      .tuple(
        fc.array(fc.tuple(condition, tie('answer')), { minLength: 1, maxLength: 2 }),
        fc.option(tie('answer')),
      )
      .map(([branches, otherwise]) => ({
        if: [...branches.flat(), ...(otherwise === null ? [] : [otherwise])],
      })),
    fc
      .tuple(
        hashed,
        fc.array(
          fc.oneof(
            fc.tuple(fc.constantFrom<Json>(...VARIANTS, null), fc.nat(5)),
            fc.tuple(tie('answer'), fc.nat(5)),
            fc
              .tuple(fc.constantFrom(...VARIANTS), condition, fc.nat(5), fc.nat(5))
              .map(([variant, when, a, b]): [Json, Json] => [variant, { if: [when, a, b] }]),
            fc.tuple(fc.constantFrom(...VARIANTS)),
          ),
          { minLength: 1, maxLength: 4 },
        ),
      )
      .map(([hash, parts]) => ({ fractional: [...hash, ...parts] })),
  ),
})).answer

const objects = (logic: Json) => (typeof logic === 'object' && logic !== null ? logic : {})
const flag = fc.record(
  {
    state: fc.constant('ENABLED'),
    variants: fc.constant({ red: '#f00', green: '#0f0', blue: '#00f' }),
    defaultVariant: fc.constantFrom(...VARIANTS, null),
    targeting: answer.map(objects),
  },
  { requiredKeys: ['state', 'variants', 'defaultVariant'] },
)
/** One whose answer is a condition's. */
const question = fc
  .constantFrom<object>({ true: 1, false: 0 }, { true: 1, false: 0, neither: 2 }, { true: 1, neither: 2 })
  .chain((variants) =>
    fc.record({
      state: fc.constant('ENABLED'),
      variants: fc.constant(variants),
      defaultVariant: fc.constantFrom(...Object.keys(variants), null),
      targeting: condition.map(objects),
    }),
  )

export const flagdFile = fc
  .tuple(flag, flag, question)
  .map(([a, b, c]) => ({ $evaluators: { adult: { '>=': [attribute('age'), 18] } }, flags: { a, b, c } }))
