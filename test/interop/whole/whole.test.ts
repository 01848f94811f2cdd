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
