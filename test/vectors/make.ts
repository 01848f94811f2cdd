/**
 * Writes the vectors that can be computed: `node test/vectors/make.ts`. The others are written by hand.
 */
import { writeFileSync } from 'node:fs'
import { PINNED_RUNS } from '../core/guard/pinned/all.ts'
import * as parts from '../core/guard/pinned/parts-at-limits.ts'
import { pinned } from '../core/guard/pinned/pinned.ts'
import { pinnedSmall, SMALL_RUNS } from '../core/guard/pinned/small-runs.ts'
import {
  pinnedBases,
  pinnedBlocks,
  pinnedGaps,
  pinnedNoise,
  pinnedTicks,
} from '../core/guard/pinned/weeks-parts.ts'
import { pinnedWeeks, WEEKS_RUNS } from '../core/guard/pinned/weeks-runs.ts'
import {
  pinnedArrivals,
  pinnedComparisons,
  pinnedLabels,
  pinnedLooks,
  pinnedMeans,
  pinnedNumbers,
  pinnedSentences,
  pinnedSeries,
  pinnedStandings,
} from '../core/metrics/pinned/looks.ts'
import { pinnedVerdicts, WHOLE_ANSWERS, wholeAnswer } from '../core/shadow/whole-answers.ts'
import {
  bucketOf,
  derivedKeyOf,
  isInside,
  latencyBucketOf,
  murmur3x86,
  signatureOf,
  variantOf,
} from './reference.ts'

const LONG = 'a visitor with a name that is longer than any block of the hash '.repeat(8)
const KEYS = [
  '',
  'a',
  'ab',
  'abc',
  'abcd',
  'abcde',
  'user-1',
  'Zoë',
  'żółw',
  '漢字',
  'שלום',
  '👩‍👩‍👧',
  '😀',
  '\u0000',
  LONG,
]
/** Not text, and not JSON for many parsers, so written as numbers: a half of a pair alone is hashed as U+FFFD. */
const LONE_SURROGATES = ['\ud83d', '\ude00', 'a\ud83db', '\ude00\ud83d']
const SALTS = ['new-checkout', 'f', 'φ', 'payments/checkout']

const PERCENTAGES = ['0', '0.001', '0.5', '1', '12.345', '25', '33.333', '50', '99', '99.999', '100']
const EDGES = [
  0,
  1,
  42_949,
  42_950,
  2 ** 30 - 1,
  2 ** 30,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 42_950,
  2 ** 32 - 42_949,
  2 ** 32 - 1,
]

const WEIGHTS: readonly Record<string, number>[] = [
  { on: 100 },
  { a: 50, b: 50 },
  { a: 1, b: 99 },
  { a: 0, b: 100 },
  { a: 33, b: 33, c: 34 },
  { a: 333, b: 333, c: 334 },
  { a: 1, b: 9_999 },
  { a: 12_345, b: 87_655 },
]

const hashOf = (text: string) => murmur3x86(new TextEncoder().encode(text), 0)
const unique = (numbers: readonly number[]) => [...new Set(numbers)]
const users = Array.from({ length: 12 }, (_, index) => `user-${index}`)

write('bucketing', {
  hashes: KEYS.map((text) => ({ text, hash: hashOf(text) })),
  loneSurrogates: LONE_SURROGATES.map((text) => ({
    utf16: text.split('').map((unit) => unit.charCodeAt(0)),
    hash: hashOf(text),
  })),
  buckets: SALTS.flatMap((salt) => KEYS.map((key) => ({ salt, key, bucket: bucketOf(salt, key) }))),
  percentages: PERCENTAGES.flatMap((percentage) =>
    unique([...EDGES, ...users.map((user) => bucketOf('f', user))]).map((bucket) => ({
      bucket,
      percentage: Number(percentage),
      inside: isInside(bucket, percentage),
    })),
  ),
  weights: WEIGHTS.flatMap((weights) => [
    ...EDGES.map((bucket) => ({ bucket, weights, variant: variantOf(bucket, weights) })),
    ...users
      .map((user) => bucketOf('f', user))
      .map((bucket) => ({ bucket, weights, variant: variantOf(bucket, weights) })),
  ]),
})

const DURATIONS_MS = [
  0, 1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 17, 50, 64, 99, 100, 101, 128, 250, 256, 500, 999, 1_000, 1_024, 1_025,
]
const LONG_MS = [4_096, 5_000, 10_000, 30_000, 60_000, 600_000, 961_548, 1_048_576, 1_048_577, 10_000_000]
write('histogram', {
  durations: [...DURATIONS_MS, ...LONG_MS].map((ms) => ({ ms, bucket: latencyBucketOf(BigInt(ms)) })),
})

const SIGNED = [
  ['key', 1_792_000_000, 'new-checkout=on;reason=SPLIT', 'user-1'],
  ['key', 0, '', ''],
  ['a much longer key, longer than a block of SHA-256 is: 64 bytes, and then some', 1, 'a=b', 'x'],
  ['schlüssel 🔑', 1_792_000_001, 'a=on,b=off', 'Zoë'],
] as const
write('signature', {
  signatures: SIGNED.map(([secret, seconds, flags, targetingKey]) => ({
    secret,
    seconds,
    flags,
    targetingKey,
    signature: signatureOf(secret, seconds, flags, targetingKey),
  })),
})

const PURPOSES = ['identity', 'preview', 'origin', 'webhook']
write('keys', {
  keys: [
    'key',
    'a much longer key, longer than a block of SHA-256 is: 64 bytes, and then some',
    'schlüssel 🔑',
  ].map((signingKey) => ({
    signingKey,
    keys: Object.fromEntries(PURPOSES.map((purpose) => [purpose, derivedKeyOf(signingKey, purpose)])),
  })),
})

write('guard/runs', {
  looks: PINNED_RUNS.flatMap((run) => pinned(run).map((look) => ({ run: run.name, ...(look as object) }))),
})

write('guard/weeks', {
  looks: WEEKS_RUNS.flatMap((run) =>
    pinnedWeeks(run).map((look) => ({ run: run.name, ...(look as object) })),
  ),
})

write('guard/small', {
  looks: SMALL_RUNS.flatMap((name) => pinnedSmall(name).map((look) => ({ run: name, ...(look as object) }))),
})

write('guard/weeks-parts', {
  bases: pinnedBases(),
  noise: pinnedNoise(),
  blocks: pinnedBlocks(),
  ticks: pinnedTicks(),
  gaps: pinnedGaps(),
})

write('metrics/judge', {
  means: pinnedMeans(),
  labels: pinnedLabels(),
  numbers: pinnedNumbers(),
  comparisons: pinnedComparisons(),
  arrivals: pinnedArrivals(),
  standings: pinnedStandings(),
  sentences: pinnedSentences(),
  series: pinnedSeries(),
  looks: pinnedLooks(),
})

write('shadow/answers', {
  answers: Object.entries(WHOLE_ANSWERS).map(([name, answer]) => ({ name, ...wholeAnswer(answer) })),
  verdicts: pinnedVerdicts(),
})

write('guard/parts', {
  margins: parts.pinnedMargins(),
  durations: parts.pinnedDurations(),
  collapses: parts.pinnedCollapses(),
  populations: parts.pinnedPopulations(),
  bursts: parts.pinnedBursts(),
  failures: parts.pinnedFailures(),
  sketches: parts.pinnedSketches(),
  networks: parts.pinnedNetworks(),
  numbers: parts.pinnedNumbers(),
})

/** One vector a line. */
function write(name: string, lists: Readonly<Record<string, readonly unknown[]>>): void {
  const parts = Object.entries(lists).map(([list, vectors]) => {
    const lines = vectors.map((vector) => `    ${JSON.stringify(vector)}`)
    return `  ${JSON.stringify(list)}: [\n${lines.join(',\n')}\n  ]`
  })
  writeFileSync(new URL(`${name}.json`, import.meta.url), `{\n${parts.join(',\n')}\n}\n`)
}
