/**
 * Whole results of imports and exports, beside what they were: documents, notes, and every loss with its place and words.
 * `npx vitest run --project unit test/interop/whole -u` accepts what they are now; read the diff.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { OPERATORS } from '../../../src/core/flags/operators.ts'
import { importFeatures } from '../../../src/interop/features/import.ts'
import { exportFlagd } from '../../../src/interop/flagd/export.ts'
import { importFlagd } from '../../../src/interop/flagd/import.ts'
import { importGrowthBook } from '../../../src/interop/growthbook/import.ts'
import type { Imported } from '../../../src/interop/imported.ts'
import { importLaunchDarkly } from '../../../src/interop/launchdarkly/import.ts'
import { importUnleash } from '../../../src/interop/unleash/import.ts'
import { flagdFile } from '../flagd/flagd-arbitrary.ts'
import { growthBookFile } from '../growthbook/growthbook-arbitrary.ts'
import { launchDarklyFile } from '../launchdarkly/launchdarkly-arbitrary.ts'
import { FEATURES } from './sources/features.ts'
import { FLAGD } from './sources/flagd.ts'
import { FORMS } from './sources/forms.ts'
import { GROWTHBOOK } from './sources/growthbook.ts'
import { LAUNCHDARKLY } from './sources/launchdarkly.ts'
import { UNLEASH, UNLEASH_EVENTS } from './sources/unleash.ts'

/** Always the same ones. */
const some = <T>(arbitrary: fc.Arbitrary<T>, count: number) =>
  fc.sample(arbitrary, { seed: 7, numRuns: count })

type Import = (text: string) => Imported

const SOURCES: [name: string, sources: readonly unknown[], take: Import][] = [
  ['flagd', [FLAGD], importFlagd],
  ['unleash', [UNLEASH, UNLEASH_EVENTS], importUnleash],
  ['launchdarkly', [LAUNCHDARKLY], importLaunchDarkly],
  ['growthbook', [GROWTHBOOK], importGrowthBook],
  ['features', [FEATURES], importFeatures],
  ['random-flagd', some(flagdFile, 6), importFlagd],
  ['random-growthbook', some(growthBookFile, 6), importGrowthBook],
  ['random-launchdarkly', some(launchDarklyFile, 6), importLaunchDarkly],
]

/** One line for each flag, variant list and rule, so that a difference is easy to find. */
function linesOf(imported: Imported): string {
  if (!imported.ok) return imported.problems.map((each) => JSON.stringify(each)).join('\n')
  const { document, losses, notes, summary } = imported
  const { flags = {}, ...rest } = document
  const flagLines = Object.entries(flags).flatMap(([key, { rules = [], ...flag }]) => [
    `${key} ${JSON.stringify(flag)}`,
    ...rules.map((rule) => `  ${JSON.stringify(rule)}`),
  ])
  return [
    JSON.stringify(rest),
    ...flagLines,
    ...losses.map(({ path, what, instead }) => `loss ${path}: ${what} → ${instead}`),
    ...notes.map(({ path, text }) => `note ${path}: ${text}`),
    JSON.stringify(summary),
    '',
  ].join('\n')
}

describe('a whole import is as it was:', () => {
  it.each(SOURCES)('%s', async (name, sources, take) => {
    const results = sources.map((source) => linesOf(take(JSON.stringify(source))))
    await expect(results.join('\n')).toMatchFileSnapshot(`results/${name}.txt`)
  })
})

describe('each form of a source is read or refused as it was:', () => {
  it.each(Object.entries(FORMS))('%s', async (name, forms) => {
    const results = forms.map(([form, imported]) => `# ${form}\n${linesOf(imported)}`)
    await expect(results.join('\n')).toMatchFileSnapshot(`results/forms-of-${name}.txt`)
  })
})

it.each(SOURCES.slice(0, 5))('an import of %s refuses what is no JSON', (_name, _sources, take) => {
  expect(take('{')).toMatchObject({
    ok: false,
    problems: [{ path: '$', found: '"{"', expected: 'valid JSON' }],
  })
})

describe('a whole export is as it was:', () => {
  const exported = (document: unknown) => {
    const parsed = parseDocumentValue(document)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const { file, losses } = exportFlagd(parsed.value)
    const { flags, ...rest } = file as unknown as { flags: Record<string, unknown> }
    const flagLines = Object.entries(flags).map(([key, flag]) => `${key} ${JSON.stringify(flag)}`)
    return [JSON.stringify(rest), ...flagLines, ...losses.map((loss) => JSON.stringify(loss)), ''].join('\n')
  }

  it('of what flagd had', async () => {
    const [file] = some(flagdFile, 1)
    const imported = importFlagd(JSON.stringify(file))
    if (!imported.ok) throw new Error('not imported')
    await expect(exported(imported.document)).toMatchFileSnapshot('results/export-of-flagd.txt')
  })

  it('of every operator, share and setting', async () => {
    const variants = { on: true, off: false, none: null }
    const valuesOf = (op: string) =>
      op === 'exists'
        ? []
        : op === 'in_cidr'
          ? ['10.0.0.0/8']
          : /before|after/.test(op)
            ? ['2026-01-01']
            : op.startsWith('semver')
              ? ['1.2.3']
              : /^(eq|[gl]te?)$/.test(op)
                ? [0, 7]
                : ['x', 'y']
    const flag = (rules: object[], more: object = {}) => ({ variants, off: 'off', rules, ...more })
    const whens = OPERATORS.flatMap((op) =>
      [false, true].map((negate): [string, object] => {
        const attribute = /before|after/.test(op) ? 'now' : op === 'in_cidr' ? 'ip' : 'header.x-a'
        return [
          `${op}-${negate}`,
          flag([{ when: [{ attribute, op, values: valuesOf(op), ...(negate && { negate }) }], serve: 'on' }]),
        ]
      }),
    )
    const text = exported({
      origins: { old: { url: 'http://old.test' } },
      routes: [{ path: '/*', origin: 'old' }],
      flags: {
        ...Object.fromEntries(whens),
        plain: flag([{ serve: 'none' }], { description: 'What it is', owner: 'web', metadata: { a: 1 } }),
        disabled: flag([{ serve: 'on' }], { enabled: false }),
        'off-is-nothing': flag([], { off: 'none' }),
        share: flag([{ serve: 'on', percentage: 12.5 }]),
        'no-share': flag([{ serve: 'on', percentage: 0 }]),
        'whole-share': flag([{ serve: 'on', percentage: 100 }]),
        weights: flag([{ serve: { on: 25, off: 70, none: 5 }, name: 'three' }], { salt: 'own' }),
        two: flag([
          {
            when: [
              { attribute: 'country', op: 'in', values: ['RO'] },
              { attribute: 'device', op: 'in', values: [false, 0] },
            ],
            percentage: 50,
            serve: 'on',
          },
          { serve: 'off' },
        ]),
        ignoring: flag([
          { when: [{ attribute: 'country', op: 'in', values: ['ro'], ignoreCase: true }], serve: 'on' },
        ]),
        ...Object.fromEntries(
          (
            [
              [{ attribute: 'email' }],
              [{ attribute: 'email', missing: 'null' }],
              [{ text: 'x' }],
              [{ text: 'x' }, { attribute: 'email' }],
              [{ attribute: 'email' }, { attribute: 'plan', missing: '' }],
            ] as const
          ).flatMap((hash, index) => [
            [
              `weights-by-${index}`,
              flag([{ serve: { on: 1, off: 2 }, bucketing: { scheme: 'flagd', hash: [...hash] } }]),
            ],
            [
              `share-by-${index}`,
              flag([{ serve: 'on', percentage: 99.999, bucketing: { scheme: 'flagd', hash: [...hash] } }]),
            ],
          ]),
        ),
        'another-bucketing': flag([
          { serve: { on: 1, off: 2 }, bucketing: { scheme: 'unleash', group: 'g', stickiness: ['userId'] } },
        ]),
        ...Object.fromEntries(
          [
            { op: 'in', values: [true] },
            { op: 'in', values: [0] },
            { op: 'in', values: [false, 'x'], negate: true },
            { op: 'eq', values: [0, 7] },
            { op: 'eq', values: [1] },
            { op: 'lte', values: [0] },
            { op: 'gt', values: [1] },
            { op: 'in', values: [''] },
            { op: 'in', values: ['x'], type: 'string' },
            { op: 'before', values: ['2026-01-01T00:00:00.900Z'], attribute: 'now' },
            { op: 'after', values: ['2026-01-01', '2027-01-01'], attribute: 'now' },
            { op: 'before', values: ['2026-01-01'] },
            { op: 'semver_gte', values: ['1.2.3'], versions: 'exact' },
            { op: 'semver_gte', values: ['1.2.3'], versions: 'flagd' },
            { op: 'semver_lt', values: ['1.2.3', '2.0.0'] },
          ].map((condition, index) => [
            `asks-${index}`,
            flag([{ when: [{ attribute: 'header.x-a', ...condition }], serve: 'on' }]),
          ]),
        ),
        'owner-alone': flag([], { owner: 'web', private: true, guard: { errors: {} } }),
        staged: flag([{ serve: 'on', stages: [{ percentage: 5 }] }]),
        scheduled: flag([], {
          schedule: { start: '2026-01-01' },
          environments: ['production'],
          requires: ['plain'],
        }),
      },
    })
    await expect(text).toMatchFileSnapshot('results/export.txt')
  })
})
