/** What a new document makes of a rollout: each rule of document-change.ts by itself. The Controller's tests have whole documents. */
import { describe, expect, it } from 'vitest'
import type { FlagControl } from '../../../../src/core/config/control.ts'
import {
  type DocumentInputs,
  type FlagLadder,
  rolloutChangeText,
  withDocument,
} from '../../../../src/core/rollout/edits/document-change.ts'

const staged = (parts: Partial<FlagLadder> = {}): FlagLadder => {
  const ladder = {
    stages: [5, 50, 100],
    split: 's1',
    values: 'v',
    isAttempt: true,
    serves: ['on'],
    most: 100,
    ...parts,
  }
  return { meaning: () => `means ${ladder.split}`, ...ladder }
}
const plain = (parts: Partial<FlagLadder> = {}) => staged({ stages: [], percentage: 40, ...parts })
const at = (percentage: number, stage: number, parts: Partial<FlagControl> = {}): FlagControl => ({
  ...{ generation: 3, stage, split: 's1', percentage },
  ...parts,
})

const rolledBack = { atMs: 1, reason: 'earlier' }

type Under = { share?: number; was?: FlagLadder | undefined; restart?: string; namesSplits?: boolean }

/** `generation 3, stage 1, split s1, percentage 50; epoch 7; 50 → 20 below 60`. */
function becomes(
  word: DocumentInputs['word'],
  control: FlagControl | undefined,
  ladder: FlagLadder,
  { share, was, restart, namesSplits = true }: Under = {},
): string {
  const flags: Record<string, FlagControl> = control === undefined ? {} : { f: control }
  const { state, changes } = withDocument(
    { epoch: 7, killed: [], kvKilled: [], namesSplits, flags },
    {
      ladders: new Map([['f', ladder]]),
      ...{ word, restart, shareBefore: () => share, ladderBefore: () => was },
    },
  )
  const told = Object.entries(state.flags.f ?? { no: 'control' }).map(([key, value]) => `${key} ${value}`)
  const moves = changes.map(
    ({ from, to, firstStage }) => `${from} → ${to}${firstStage === undefined ? '' : ` below ${firstStage}`}`,
  )
  return [told.toSorted().join(', '), `epoch ${state.epoch}`, ...moves].join('; ')
}

type Case = [string, FlagControl | undefined, FlagLadder, Under, string]
const NAMED = (generation: number, percentage: number, stage: number) =>
  `generation ${generation}, percentage ${percentage}, split s1, stage ${stage}; epoch 8`

describe('a confirmed document', () => {
  it.each<Case>([
    ['begins a rollout at its first stage', undefined, staged(), {}, NAMED(1, 5, 0)],
    [
      'names no split where nothing follows it',
      undefined,
      staged({ isAttempt: false }),
      {},
      'no control; epoch 7',
    ],
    [
      'takes from a share that nothing follows the place that a release before gave it',
      { generation: 3, stage: 0, percentage: 0 },
      ...([plain({ isAttempt: false }), {}, 'generation 3, stage 0; epoch 8'] as const),
    ],
    [
      'begins at the percentage of its rule where a guard follows that share from now on',
      { generation: 3, stage: 0, percentage: 0 },
      ...([plain(), { was: plain({ isAttempt: false }) }, NAMED(3, 40, 0)] as const),
    ],
    ['names that of a rollout before', { generation: 3, stage: 1 }, staged(), { share: 20 }, NAMED(3, 50, 1)],
    [
      'goes on with the split of before where the flag was no rollout, at what it served',
      { generation: 3, stage: 1, lastSplit: 's1', finished: true },
      ...([staged(), { share: 60 }, NAMED(3, 50, 1)] as const),
    ],
    [
      'knows that split by what it means',
      { generation: 3, stage: 1, lastSplit: 'means s1', approved: true },
      ...([staged(), { share: 60 }, NAMED(3, 50, 1)] as const),
    ],
    [
      'takes everybody for served by a document that lacked the flag',
      { generation: 3, stage: 1, lastSplit: 's1' },
      ...([staged(), {}, NAMED(3, 100, 2)] as const),
    ],
    [
      'begins anew with another split than the last one',
      { generation: 3, stage: 1, lastSplit: 's0' },
      ...([staged(), { share: 100 }, NAMED(4, 5, 0)] as const),
    ],
    ['changes nothing where it says the same', at(50, 1), staged(), {}, NAMED(3, 50, 1).replace('8', '7')],
    [
      'keeps the place where its stages have it too',
      at(50, 1),
      ...([staged({ stages: [10, 50, 60] }), {}, NAMED(3, 50, 1).replace('8', '7')] as const),
    ],
    [
      'leads down to the largest stage that is not above, and asks for approval again',
      at(50, 1, { approved: true }),
      ...([staged({ stages: [5, 20] }), {}, `${NAMED(3, 20, 1)}; 50 → 20`] as const),
    ],
    [
      'keeps an approval at the same percentage',
      at(50, 1, { approved: true }),
      staged({ stages: [50, 100] }),
      {},
      'approved true, generation 3, percentage 50, split s1, stage 0; epoch 8; 50 → 50',
    ],
    [
      'leaves it below stages that were raised',
      at(50, 1),
      ...([staged({ stages: [60, 100] }), {}, `${NAMED(3, 50, 0)}; 50 → 50 below 60`] as const),
    ],
    [
      'tells once that it stands below them',
      at(50, 0),
      staged({ stages: [60, 100] }),
      { was: staged({ stages: [60, 80] }) },
      NAMED(3, 50, 0).replace('8', '7'),
    ],
    [
      'tells again where they were raised again',
      at(50, 0),
      staged({ stages: [70, 100] }),
      { was: staged({ stages: [60, 80] }) },
      `${NAMED(3, 50, 0).replace('8', '7')}; 50 → 50 below 70`,
    ],
    [
      'leaves finished what stands at the last stage',
      at(100, 2, { finished: true }),
      staged(),
      {},
      'finished true, generation 3, percentage 100, split s1, stage 2; epoch 7',
    ],
    [
      'goes on where a stage was added behind the last one',
      at(50, 1, { finished: true }),
      staged(),
      { was: staged({ stages: [5, 50] }) },
      `${NAMED(3, 50, 1)}; 50 → 50`,
    ],
    [
      'begins another attempt with another split, at the same place',
      at(50, 1, { approved: true, finished: true, unconfirmed: true }),
      staged({ split: 's2' }),
      {},
      'generation 4, percentage 50, split s2, stage 1; epoch 8; 50 → 50',
    ],
    [
      'begins at the first stage where the canary gets what it did not get',
      at(50, 1),
      staged({ split: 's2', serves: ['on', 'b'] }),
      {},
      'generation 4, percentage 5, split s2, stage 0; epoch 8; 50 → 5',
    ],
    [
      'raises nothing for it',
      at(3, 0),
      staged({ split: 's2', serves: ['b'] }),
      {},
      'generation 4, percentage 3, split s2, stage 0; epoch 8; 3 → 3',
    ],
    [
      'keeps the place where the canary gets less',
      at(50, 1),
      staged({ split: 's2' }),
      { was: staged({ serves: ['on', 'b'] }) },
      'generation 4, percentage 50, split s2, stage 1; epoch 8; 50 → 50',
    ],
    [
      'goes on with a split that only has another name',
      at(50, 1, { split: 's0' }),
      staged({ meaning: () => 'same' }),
      { was: staged({ split: 's0', meaning: () => 'same' }) },
      'formerSplit s0, generation 3, percentage 50, split s1, stage 1; epoch 8',
    ],
    [
      'begins anew with a name that means something else',
      at(50, 1),
      staged({ values: 'w', meaning: () => 'b' }),
      { was: staged({ meaning: () => 'a' }) },
      `${NAMED(4, 50, 1)}; 50 → 50`,
    ],
    [
      'begins again what is restarted',
      at(100, 2, { finished: true, paused: { atMs: 1, reason: 'r' } }),
      ...([staged(), { restart: 'f' }, `${NAMED(4, 5, 0)}; 100 → 5`] as const),
    ],
    [
      'leaves others as they are',
      at(100, 2, { finished: true }),
      staged(),
      { restart: 'g' },
      'finished true, generation 3, percentage 100, split s1, stage 2; epoch 7',
    ],
    [
      'leads to the percentage of its rule',
      at(40, 0),
      plain({ percentage: 70 }),
      { was: plain() },
      `${NAMED(3, 70, 0)}; 40 → 70`,
    ],
    [
      'leads to everybody where its rule names none',
      at(40, 0),
      plain({ percentage: undefined }),
      { was: plain() },
      `${NAMED(3, 100, 0)}; 40 → 100`,
    ],
    [
      'ends what it defines without stages and guard, and remembers what it compared',
      at(50, 1, { approved: true }),
      plain({ isAttempt: false, percentage: 50 }),
      {},
      'approved true, generation 3, lastSplit means s1, stage 1; epoch 8; 50 → 100',
    ],
    [
      'goes on naming it where the document before would show it to more',
      at(5, 0, { approved: true, unconfirmed: true }),
      plain({ isAttempt: false, percentage: 50 }),
      { was: plain({ percentage: 80 }) },
      `${NAMED(3, 50, 0)}; 5 → 50`,
    ],
    [
      'counts anew where that is another split',
      at(5, 0),
      plain({ isAttempt: false, split: 's2', percentage: undefined }),
      { was: plain({ percentage: 80 }) },
      'generation 4, percentage 100, split s2, stage 0; epoch 8; 5 → 100',
    ],
    [
      'ends it without a document before',
      at(5, 0),
      plain({ isAttempt: false, percentage: 50 }),
      { was: undefined },
      'generation 3, lastSplit means s1, stage 0; epoch 8; 5 → 100',
    ],
    [
      'keeps at which of two stages of shadow it is',
      at(0, 1),
      staged({ stages: [0, 0, 5] }),
      { was: staged({ stages: [0, 0, 9] }) },
      NAMED(3, 0, 1).replace('8', '7'),
    ],
    [
      'ends a holdback',
      at(50, 1, { most: 90 }),
      staged(),
      { was: staged({ most: 90 }) },
      `${NAMED(3, 50, 1)}; 50 → 50`,
    ],
    [
      'names a holdback that the state did not, which is no change',
      at(50, 1),
      staged({ most: 90 }),
      { was: staged({ most: 90 }) },
      'generation 3, most 90, percentage 50, split s1, stage 1; epoch 8',
    ],
  ])('%s', (_, control, ladder, under, expected) => {
    expect(becomes('confirmed', control, ladder, { was: staged(), ...under })).toBe(expected)
  })
})

describe('an unconfirmed document', () => {
  it.each<Case>([
    ['begins at the first stage', undefined, staged(), {}, NAMED(1, 5, 0)],
    ['begins at what was served, if that is less', undefined, staged(), { share: 2 }, NAMED(1, 2, 0)],
    ['and not above the first stage', undefined, staged(), { share: 80 }, NAMED(1, 5, 0)],
    [
      'takes from a share that nothing follows the place that a release before gave it',
      { generation: 3, stage: 0, percentage: 0 },
      ...([plain({ isAttempt: false }), {}, 'generation 3, stage 0; epoch 8'] as const),
    ],
    [
      'raises nothing that had no name',
      { generation: 3, stage: 1 },
      staged(),
      { share: 20 },
      NAMED(3, 20, 0),
    ],
    [
      'begins another split than the last one no higher than what is served',
      { generation: 3, stage: 1, lastSplit: 's0' },
      ...([staged(), { share: 2 }, NAMED(4, 2, 0)] as const),
    ],
    [
      'holds another split at 0',
      at(50, 1, { approved: true, finished: true }),
      staged({ split: 's2' }),
      {},
      'generation 4, percentage 0, split s2, stage 0, unconfirmed true; epoch 8; 50 → 0 below 5',
    ],
    [
      'raises no percentage',
      at(40, 0, { approved: true }),
      plain({ percentage: 70 }),
      { was: plain() },
      `${NAMED(3, 40, 0)}; 40 → 40`,
    ],
    ['lowers one', at(40, 0), plain({ percentage: 10 }), { was: plain() }, `${NAMED(3, 10, 0)}; 40 → 10`],
    [
      'ends no holdback',
      at(50, 1, { most: 90 }),
      staged(),
      { was: staged({ most: 90 }) },
      'generation 3, most 90, percentage 50, split s1, stage 1; epoch 7',
    ],
    [
      'makes one larger',
      at(50, 1, { most: 90 }),
      staged({ most: 80 }),
      { was: staged({ most: 90 }) },
      'generation 3, most 80, percentage 50, split s1, stage 1; epoch 8; 50 → 50',
    ],
    [
      'ends that of a finished rollout',
      at(100, 2, { most: 90, finished: true }),
      staged(),
      { was: staged({ most: 90 }) },
      'finished true, generation 3, percentage 100, split s1, stage 2; epoch 8; 100 → 100',
    ],
    [
      'ends what everybody has',
      at(100, 2),
      plain({ isAttempt: false, percentage: 50 }),
      {},
      'generation 3, lastSplit means s1, stage 2; epoch 8; 100 → 100',
    ],
    [
      'and nothing else',
      at(99, 1),
      plain({ isAttempt: false, percentage: 50 }),
      {},
      `${NAMED(3, 50, 0)}; 99 → 50`,
    ],
    [
      'nor what a holdback keeps from a visitor',
      at(100, 2, { most: 90 }),
      plain({ isAttempt: false, percentage: 50, most: 90 }),
      { was: staged({ most: 90 }) },
      'generation 3, most 90, percentage 50, split s1, stage 0; epoch 8; 100 → 50',
    ],
  ])('%s', (_, control, ladder, under, expected) => {
    expect(becomes('unconfirmed', control, ladder, { was: staged(), ...under })).toBe(expected)
  })
})

it('a state that names no splits yet does so from now on, as another one', () => {
  expect(becomes('confirmed', at(50, 1), staged(), { was: staged(), namesSplits: false })).toBe(
    NAMED(3, 50, 1),
  )
})

it.each<[string, FlagControl, FlagControl, number | undefined, string]>([
  ['ladder', at(50, 1), at(20, 1), undefined, 'The document leads it from 50 % to 20 %'],
  ['stages', at(50, 1), at(50, 0), undefined, 'The document has other stages; it stays at 50 %'],
  [
    'holdback',
    at(50, 1),
    at(50, 1, { most: 90 }),
    undefined,
    'The document has another holdback; it stays at 50 %',
  ],
  [
    'raised stages',
    at(50, 1),
    at(50, 0),
    60,
    'The document has other stages; it stays at 50 %, below its first stage of 60 %, and waits for a person to advance it',
  ],
  [
    'rolled back, other stages',
    at(50, 1, { rolledBack }),
    at(25, 0, { rolledBack }),
    undefined,
    'The document has other stages or another holdback; it stays rolled back',
  ],
  [
    'rolled back, another split',
    at(50, 1, { rolledBack }),
    at(10, 0, { rolledBack, generation: 6, split: 's2' }),
    undefined,
    'The document changes what it compares: generation 6 begins rolled back, at 0 %',
  ],
  ['restart', at(100, 2), at(5, 0, { generation: 4 }), undefined, 'Generation 4 begins at 5 %'],
  [
    'another split',
    at(50, 1),
    at(50, 1, { generation: 4, split: 's2' }),
    undefined,
    'The document changes what it compares: generation 4 begins at 50 %',
  ],
  [
    'another split, unconfirmed',
    at(50, 1),
    at(0, 0, { generation: 4, split: 's2' }),
    5,
    'The document changes what it compares: generation 4 begins at 0 %, and waits for a person',
  ],
])('a change is told: %s', (_, before, after, firstStage, text) => {
  const [from, to] = [before.percentage ?? 100, after.percentage ?? 100]
  expect(rolloutChangeText({ flag: 'f', before, after, from, to, ...(firstStage && { firstStage }) })).toBe(
    text,
  )
})
