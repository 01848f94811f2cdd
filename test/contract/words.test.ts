import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { FlagSummary, Responses } from '../../src/contract/responses.ts'
import { deedOf } from '../../src/contract/words/audit.ts'
import { convergenceText, documentConvergenceText, kvText } from '../../src/contract/words/convergence.ts'
import {
  guardText,
  idleText,
  STATE_NAMES,
  stageText,
  stateOf,
  waitingText,
} from '../../src/contract/words/flag-state.ts'
import {
  flagImpactText,
  movesText as impactMovesText,
  impactText,
  matchText,
  unknownImpactText,
} from '../../src/contract/words/impact.ts'
import { bakeLeftMs, etaText, nextText, phasesOf, stageNote } from '../../src/contract/words/ladder.ts'
import {
  audienceText,
  conditionText,
  foundText,
  prerequisites,
  requirementText,
  ruleText,
  servedTexts,
} from '../../src/contract/words/rules.ts'
import { verdictOf } from '../../src/contract/words/verdict-word.ts'
import { parseDocument } from '../../src/core/config/parse/parse.ts'
import type { FlagInput } from '../../src/core/config/schema/document.ts'
import { OPERATORS } from '../../src/core/flags/operators.ts'
import { summary } from '../dashboard/support.ts'

const NOW_MS = Date.parse('2026-11-29T12:00:00Z')

describe('a rule', () => {
  const country = { attribute: 'country', op: 'in' as const, values: ['US', 'RO'] }

  it.each([
    [country, 'country is US or RO'],
    [{ ...country, negate: true }, 'country is not US or RO'],
    [{ ...country, op: 'not_in' }, 'country is not US or RO'],
    [{ attribute: 'cookie.beta', op: 'exists' }, 'cookie.beta is present'],
    [{ attribute: 'cookie.beta', op: 'exists', negate: true }, 'cookie.beta is missing'],
    [{ attribute: 'age', op: 'lt', values: [18], negate: true }, 'age is at least 18'],
    [
      { attribute: 'email', op: 'ends_with', values: ['@a.test'], ignoreCase: true },
      'email ends with @a.test (ignoring case)',
    ],
    [{ attribute: 'x', op: 'of_another_version', values: [1], negate: true }, 'x not of_another_version 1'],
  ])('says its condition %j', (condition, words) => {
    expect(conditionText(condition)).toBe(words)
  })

  it.each(OPERATORS)('has words for the operator %s, and others for its negation', (op) => {
    const [is, isNot] = [false, true].map((negate) => conditionText({ attribute: 'a', op, negate }))
    expect(is).not.toContain('_')
    expect(isNot).not.toBe(is)
  })

  it('says what a traced condition found', () => {
    expect([null, 'RO', ['a', 'b']].map(foundText)).toEqual(['(missing)', '(found RO)', '(found ["a","b"])'])
  })

  it('says whom it is about and what it serves', () => {
    expect(audienceText({})).toBe('all visitors')
    expect(audienceText({ when: [country, { attribute: 'age', op: 'gte', values: [18] }] })).toBe(
      'visitors whose country is US or RO and whose age is at least 18',
    )
    expect(servedTexts({ serve: { a: 500, b: 500 } })).toEqual(['a (50 %)', 'b (50 %)'])
    expect(ruleText({ percentage: 25, serve: 'on', when: [country] }, 0)).toBe(
      '"rule 1": 25 % of visitors whose country is US or RO: on',
    )
    expect(
      ruleText({ name: 'canary', stages: [{ percentage: 1 }, { percentage: 100 }], serve: 'on' }, 0),
    ).toBe('"canary": all visitors, in stages of 1 % → 100 %: on')
  })
})

describe('what a flag requires', () => {
  it.each([
    ['new-ui', 'new-ui is on'],
    [{ flag: 'new-ui' }, 'new-ui is on'],
    [{ flag: 'new-ui', on: true }, 'new-ui is on'],
    [{ flag: 'new-ui', on: false }, 'new-ui is off'],
    [{ flag: 'theme', variants: ['dark'] }, 'theme serves dark'],
    [{ flag: 'theme', on: true, variants: ['dark', 'dim'] }, 'theme serves dark or dim'],
    // A variant can't be served by a flag that must be off: `on` decides.
    [{ flag: 'theme', on: false, variants: ['dark'] }, 'theme is off'],
  ])('%j reads "%s"', (required, words) => {
    expect(requirementText(required)).toBe(words)
  })

  it('is the same before and after defaults are filled in, and never an object', () => {
    const requires = ['a', { flag: 'b', on: false }, { flag: 'c', variants: ['x', 'y'] }]
    const schedule = { start: '2026-12-01T00:00:00Z', end: '2027-01-01' }
    const flag = {
      variants: { on: true, off: false },
      off: 'off',
      requires,
      schedule,
      environments: ['staging'],
    }
    const others = { variants: { x: 1, y: 2, z: 3 }, off: 'z' }
    const parsed = parseDocument(
      JSON.stringify({
        origins: { o: { url: 'https://o.test' } },
        routes: [{ path: '/*', origin: 'o' }],
        flags: { f: flag, a: others, b: others, c: others },
      }),
    )
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    expect(prerequisites(flag)).toEqual([
      ['requires', 'a is on and b is off and c serves x or y'],
      ['environments', 'staging'],
      ['schedule', 'from 2026-12-01 00:00:00 UTC until 2027-01-01'],
    ])
    expect(prerequisites(parsed.value.flags.f as FlagInput)).toEqual(prerequisites(flag))
    expect(prerequisites({})).toEqual([])
  })

  it('of the example document has words for all of it', async () => {
    const { flags } = JSON.parse(await readFile('config/gate.json', 'utf8')) as {
      flags: Record<string, FlagInput>
    }
    for (const flag of Object.values(flags))
      expect(JSON.stringify(prerequisites(flag))).not.toContain('[object')
  })
})

describe('the state of a flag', () => {
  it.each([
    ['killed', { state: 'killed', verdict: 'failing' }],
    ['rolled-back', { state: 'rolled-back' }],
    ['failing', { verdict: 'failing' }],
    ['failing', { verdict: 'broken-split' }],
    ['frozen', { frozen: true, paused: true, verdict: 'failing' }],
    ['approval', { needsApproval: true }],
    ['paused', { paused: true }],
    ['climbing', {}],
    ['on', { finished: true }],
    ['partial', { stages: 0, stage: null, percentage: 30 }],
    ['on', { stages: 0, stage: null, percentage: null }],
    ['off', { stages: 0, stage: null, percentage: 0 }],
    ['off', { stages: 0, stage: null, percentage: null, rules: 0 }],
    ['disabled', { state: 'disabled' }],
    ['scheduled', { schedule: { start: '2999-01-01', end: null } }],
    ['off', { schedule: { start: null, end: '2001-01-01' } }],
    ['off', { unmet: 'other', frozen: true }],
    ['killed', { unmet: 'other', state: 'killed' }],
  ] as const)('is %s, the most pressing that holds', (expected, parts) => {
    expect(stateOf(summary(parts), NOW_MS).name).toBe(expected)
  })

  it.each([
    ['Needs you', { state: 'killed', verdict: 'failing' }],
    ['Rolled back', { state: 'rolled-back', verdict: 'failing' }],
    ['Worse', { verdict: 'failing' }],
    ['Worse', { frozen: true, verdict: 'failing' }],
    ['Needs you', { frozen: true, verdict: 'healthy' }],
    ['Needs you', { verdict: 'broken-split', needsOperator: true }],
    ['Needs you', { needsApproval: true, needsOperator: true, verdict: 'healthy' }],
    ['Needs you', { needsOperator: true, verdict: 'healthy' }],
    ['Needs you', { percentage: 0, needsOperator: true, verdict: 'no-data' }],
    ['OK', { verdict: 'healthy' }],
    ['By time', { verdict: 'healthy', byTime: true }],
    ['By time', { verdict: 'healthy', byTime: true, paused: true }],
    ['Collecting', { verdict: 'inconclusive', byTime: true }],
    ['OK', { finished: true, verdict: 'healthy', byTime: true }],
    ['Not judged', { verdict: 'unjudged', byTime: true }],
    ['Not judged', { paused: true, verdict: 'unjudged' }],
    ['Not judged', { finished: true, verdict: 'unjudged' }],
    ['Not judged', { stages: 0, stage: null, percentage: 30, verdict: 'unjudged' }],
    ['Not judged', { stages: 0, stage: null, percentage: 100, verdict: 'unjudged' }],
    ['Not judged', { stages: 0, stage: null, percentage: null, verdict: 'unjudged' }],
    ['Needs you', { needsOperator: true, verdict: 'unjudged' }],
    ['Collecting', { stages: 0, stage: null, percentage: null, verdict: 'inconclusive' }],
    ['OK', { stages: 0, stage: null, percentage: null, verdict: 'no-data' }],
    ['OK', { finished: true, verdict: 'inconclusive' }],
    ['Collecting', { verdict: 'inconclusive' }],
    ['Collecting', { verdict: 'no-data' }],
    ['Collecting', { verdict: null }],
    ['Collecting', { paused: true, verdict: 'inconclusive' }],
    ['OK', { paused: true, verdict: 'healthy', needsOperator: true }],
    ['OK', { stages: 0, stage: null, percentage: 30 }],
    ['Collecting', { stages: 0, stage: null, percentage: 30, verdict: 'inconclusive' }],
    ['OK', { finished: true, verdict: 'no-data' }],
    ['OK', { stages: 0, stage: null, percentage: 30, verdict: null }],
    ['Off', { state: 'disabled' }],
    ['Off', { rules: 0 }],
    ['Off', { stages: 0, stage: null, percentage: 0 }],
    ['Off', { schedule: { start: '2999-01-01', end: null } }],
    ['Off', { schedule: { start: null, end: '2020-01-01' } }],
  ] as const)('its verdict is %s', (word, parts) => {
    const verdict = verdictOf(summary(parts), NOW_MS)
    expect(verdict.word).toBe(word)
    expect(verdict.needsAttention).toBe(!['OK', 'By time', 'Not judged', 'Off', 'Collecting'].includes(word))
  })

  it('what serves no visitor is not praised', () => {
    const toneOf = (parts: Partial<FlagSummary>) => verdictOf(summary(parts), NOW_MS).tone
    expect([{ state: 'disabled' as const }, { rules: 0 }, { finished: true }].map(toneOf)).toEqual([
      'neutral',
      'neutral',
      'good',
    ])
    expect(toneOf({ verdict: 'healthy' })).toBe('good')
    expect(toneOf({ verdict: 'healthy', byTime: true })).toBe('accent')
    expect(toneOf({ verdict: 'unjudged' })).toBe('neutral')
    expect(toneOf({ state: 'killed' })).toBe('warn')
  })

  describe('when it goes on', () => {
    const auto = { approval: false, advance: 'auto' as const }
    const MIN = 60_000
    const stages = [
      { percentage: 1, bakeMs: 10 * MIN, ...auto },
      { percentage: 5, bakeMs: 30 * MIN, ...auto },
      { percentage: 25, bakeMs: 60 * MIN, ...auto },
      { percentage: 100, bakeMs: 10 * MIN, ...auto },
    ]
    const withApproval = stages.map((stage) => ({ ...stage, approval: stage.percentage === 25 }))
    const cell = { arm: 'canary', generation: 2, stage: 1, requests: 500 }
    const others = [
      { ...cell, arm: 'control' },
      { ...cell, generation: 1 },
      { ...cell, stage: 0 },
    ]
    function eta(parts: Partial<FlagSummary>, verdict: object | null, more: object = {}) {
      const status = { generation: 2, verdict, cells: [cell, ...others], approved: false, ...more }
      const flag = summary({ stage: 1, stages: 4, ladder: stages, verdict: 'healthy', ...parts })
      return etaText(flag, status as never, NOW_MS)
    }
    const baking = { kind: 'healthy', mayAdvance: false, evidence: { stageElapsedMs: 20 * MIN } }
    const ready = { ...baking, mayAdvance: true }
    const collecting = (canaryRequestsToGo: number | null) => ({
      ...{ kind: 'inconclusive', mayAdvance: false },
      evidence: { stageElapsedMs: 20 * MIN, canaryRequestsToGo },
    })

    it.each([
      ['25 % in about 10 min, 100 % in 70 min or more', {}, baking],
      ['25 % any moment, 100 % in 1 h or more', {}, ready],
      // 1,000 requests at 25 a minute take longer than the bake; 100 do not.
      ['25 % in about 40 min, 100 % in 2 h or more', {}, collecting(1_000)],
      ['25 % in about 10 min, 100 % in 70 min or more', {}, collecting(100)],
      [undefined, {}, collecting(null)],
      [undefined, {}, null],
      [undefined, { needsOperator: true }, baking],
      [undefined, { paused: true }, baking],
      [undefined, { state: 'killed' }, baking],
      [undefined, { finished: true }, baking],
      ['25 % in about 10 min, and waits there for approval', { ladder: withApproval }, baking],
      ['5 % any moment; at 25 % it waits for approval', { ladder: withApproval, stage: 0 }, baking],
      ['25 % done in about 40 min, then waits for approval', { ladder: withApproval, stage: 2 }, baking],
      ['100 % in about 40 min', { stage: 2 }, baking],
      ['finished any moment', { stage: 3 }, ready],
    ] as const)('%s', (text, parts, verdict) => {
      expect(eta(parts as Partial<FlagSummary>, verdict)).toBe(text)
    })

    it.each([
      ['off for all until the kill is lifted', { state: 'killed' }],
      ['off for all; Resume starts again at 1 %', { state: 'rolled-back' }],
      ['off for all until it is resumed', { state: 'rolled-back', ladder: [], stages: 0 }],
      ['stays here until it is resumed', { frozen: true }],
      ['stays here until it is resumed', { paused: true }],
      ['stays here until an operator decides', { verdict: 'failing' }],
      ['25 % once approved', { needsApproval: true }],
      ['finishes once approved', { needsApproval: true, stage: 3 }],
      ['starts 2999-01-01 00:00:00 UTC', { schedule: { start: '2999-01-01T00:00:00Z', end: null } }],
      ['25 % in about 10 min, 100 % in 70 min or more', {}],
      ['25 % by hand', { needsOperator: true }],
      ['stays here until an operator changes it', { ladder: [], stages: 0, stage: null, percentage: 50 }],
      [undefined, { needsOperator: true, stage: 3 }],
      [undefined, { finished: true }],
      [
        'off for all from 2999-01-01 00:00:00 UTC',
        { finished: true, schedule: { start: null, end: '2999-01-01T00:00:00Z' } },
      ],
      [
        'off for all from 2999-01-01 00:00:00 UTC',
        { stages: 0, stage: null, percentage: 50, schedule: { start: null, end: '2999-01-01T00:00:00Z' } },
      ],
      [undefined, { state: 'disabled' }],
      [undefined, { rules: 0 }],
      ['off for all: what it requires of other holds for no visitor', { unmet: 'other' }],
    ] as const)('what comes next: %s', (text, parts) => {
      const status = { generation: 2, verdict: baking, cells: [cell, ...others], approved: false }
      const flag = summary({ stage: 1, stages: 4, ladder: stages, verdict: 'healthy', ...(parts as object) })
      expect(nextText(flag, status as never, NOW_MS)).toBe(text)
    })

    it.each([
      ['25 % once the evidence is there', {}],
      ['finishes once the evidence is there', { stage: 3 }],
      ['waits for approval once the evidence is there', { ladder: withApproval, stage: 2 }],
      [
        'waits for an operator once the evidence is there',
        { ladder: stages.map((stage) => ({ ...stage, advance: 'manual' })) },
      ],
    ])('where no one knows when: %s', (text, parts) => {
      const status = { generation: 2, verdict: collecting(null), cells: [], approved: false }
      const flag = summary({ stage: 1, stages: 4, ladder: stages, verdict: 'healthy', ...(parts as object) })
      expect(nextText(flag, status as never, NOW_MS)).toBe(text)
      expect(nextText(flag, { ...status, verdict: null } as never, NOW_MS)).toBeUndefined()
    })

    it('where something else than evidence holds the stage: what it waits for', () => {
      const holds = { holds: 'an error rate of at most 1 %, 2 % so far; no end in sight' }
      const text = 'waits for an error rate of at most 1 %, 2 % so far; no end in sight'
      for (const verdict of [baking, ready, collecting(0), collecting(100)])
        expect(eta({}, verdict, holds)).toBe(text)
      expect(eta({ needsOperator: true }, baking, holds)).toBeUndefined()
      const status = { generation: 2, verdict: collecting(0), cells: [cell], approved: false, ...holds }
      const flag = summary({ stage: 1, stages: 4, ladder: stages, verdict: 'healthy' })
      expect(nextText(flag, status as never, NOW_MS)).toBe(text)
    })

    it('an approved stage goes on, and a manual one waits', () => {
      expect(eta({ ladder: withApproval, stage: 2 }, baking, { approved: true })).toBe(
        '100 % in about 40 min',
      )
      const manual = stages.map((stage) => ({ ...stage, advance: 'manual' as const }))
      expect(eta({ ladder: manual }, baking)).toBe('5 % done in about 10 min, then waits for an operator')
      const [first, ...rest] = stages
      expect(
        eta(
          {
            ladder: [
              first,
              { ...rest[0], advance: 'auto' },
              { ...rest[1], advance: 'manual' },
              rest[2],
            ] as never,
          },
          baking,
        ),
      ).toBe('25 % in about 10 min, and waits there for an operator')
    })

    it('stages are done, present or to come', () => {
      expect(phasesOf(summary({ ladder: stages, stage: 1 }))).toEqual(['done', 'now', 'later', 'later'])
      expect(phasesOf(summary({ ladder: stages, stage: 3, finished: true }))).toEqual(Array(4).fill('done'))
      expect(phasesOf(summary({ ladder: stages, stage: 1, state: 'rolled-back' }))).toEqual(
        Array(4).fill('later'),
      )
      const [, , third] = withApproval
      expect(third && [stageNote(third), stageNote(third, '4:00 left')]).toEqual([
        'bakes 1 h, then approval',
        '4:00 left, then approval',
      ])
      expect(bakeLeftMs(stages[1], { verdict: baking } as never, 4 * MIN)).toBe(6 * MIN)
      expect(bakeLeftMs(stages[1], { verdict: baking } as never, -4 * MIN)).toBe(10 * MIN)
      expect(bakeLeftMs(stages[1], { verdict: null })).toBeUndefined()
    })
  })

  it('has its own label for each name', () => {
    expect(STATE_NAMES).toHaveLength(12)
    const labels = STATE_NAMES.map((name) => stateOf(summary(partsOf(name)), NOW_MS).label)
    expect(new Set(labels).size).toBe(STATE_NAMES.length)
  })

  it('counts stages from 1, and says who moves it on', () => {
    expect([stageText(0), stageText(1, 5)]).toEqual(['stage 1', 'stage 2 of 5'])
    const flag = { off: 'off' }
    expect(idleText(summary({ state: 'killed' }), flag)).toContain('until the kill is lifted')
    expect(idleText(summary({ state: 'disabled' }), flag)).toBe('serves off to all visitors')
    expect(idleText(summary({ stages: 0 }), flag)).toContain('by hand')
    expect(idleText(summary(), flag)).toContain('without a guard')
    expect(idleText(summary(), { off: 'off', guard: {} })).toBeUndefined()
    const at = '2026-11-29T12:00:00Z'
    const held = { rolledBack: null, frozen: null, paused: { at, reason: 'handover' }, waitingFor: 'bakes' }
    expect(waitingText(held)).toBe('handover')
    expect(waitingText({ ...held, paused: null })).toBe('bakes')
  })

  it.each([
    [undefined, 'none'],
    [{ enabled: false, errors: {} }, 'none'],
    [{}, 'errors, latency; then rollback'],
    [{ errors: {}, latency: false as const, action: 'freeze' as const, alpha: 0.01 }, 'errors; then freeze'],
  ])('its guard %j is "%s"', (guard, words) => {
    expect(guardText({ guard })).toBe(words)
  })
})

function partsOf(name: string): Partial<FlagSummary> {
  const parts: Record<string, Partial<FlagSummary>> = {
    killed: { state: 'killed' },
    'rolled-back': { state: 'rolled-back' },
    failing: { verdict: 'failing' },
    frozen: { frozen: true },
    approval: { needsApproval: true },
    paused: { paused: true },
    scheduled: { schedule: { start: '2999-01-01', end: null } },
    partial: { stages: 0, percentage: 30 },
    on: { finished: true },
    off: { stages: 0, percentage: 0 },
    disabled: { state: 'disabled' },
  }
  return parts[name] ?? {}
}

describe('how far a change has come', () => {
  const arrival = { converged: 4, behind: 0, idle: 1 }
  const convergence: Responses['getConvergence'] = {
    epoch: 31,
    since: null,
    converged: true,
    slowestMs: 940,
    isolates: arrival,
    colos: [],
    kv: { writtenEpoch: 31, error: null },
    document: { version: 7, converged: true, isolates: arrival, colos: 1 },
  }

  it('is told in the same words for a decision and for a document', () => {
    expect(convergenceText(convergence)).toBe('Live everywhere after 0.9 s')
    expect(convergenceText({ ...convergence, slowestMs: null })).toBe('Live everywhere')
    expect(documentConvergenceText(convergence.document, 20)).toBe('Live everywhere after 0.1 s')
    const partly = { converged: 1, behind: 3, idle: 0 }
    expect(convergenceText({ ...convergence, isolates: partly })).toBe('1 of 4 isolates on epoch 31')
    expect(documentConvergenceText({ ...convergence.document, isolates: partly }, 20)).toBe(
      '1 of 4 isolates on version 7',
    )
    const none = { converged: 0, behind: 0, idle: 5 }
    expect(convergenceText({ ...convergence, isolates: none })).toBe('No traffic right now')
  })

  it('says what KV has', () => {
    expect(kvText(convergence)).toBe('KV is up to date')
    expect(kvText({ ...convergence, epoch: 32 })).toContain('does not have it yet')
    expect(kvText({ ...convergence, kv: { writtenEpoch: 1, error: 'down' } })).toContain('retrying: down')
  })
})

describe('the impact of a change', () => {
  const moves = [{ from: 'off', to: 'on', count: 1_200 }]
  const one = {
    flag: 'f',
    samples: 2_000,
    moved: 1_200,
    movedPercent: 60,
    moves,
    visitors: 9,
    countries: ['RO'],
  }

  it('is told from recent requests, or said to be unknown', () => {
    expect(impactText({ samples: 0, unknown: 0, movedPercent: null, flags: [] })).toContain('Impact unknown')
    expect(impactText({ samples: 2_000, unknown: 0, movedPercent: 60, flags: [one] })).toBe(
      '60 % of 2,000 recent requests would get another variant or origin',
    )
    expect(impactText({ samples: 1, unknown: 0, movedPercent: 0, flags: [] })).toMatch(
      /^None of 1 recent request /,
    )
    // 64.29 % would say more than is known.
    const few = { samples: 14, unknown: 0, movedPercent: 64.29, flags: [] }
    expect(impactText(few)).toBe('9 of 14 recent requests would get another variant or origin')
    expect(impactMovesText(few)).toBe('This moves 9 of 14 recent requests.')
    expect(impactMovesText({ samples: 200, movedPercent: 12.5 })).toBe(
      'This moves 12.5 % of 200 recent requests.',
    )
    expect(impactMovesText({ samples: 200, movedPercent: 0 })).toBe('This moves none of 200 recent requests.')
    expect(impactMovesText({ samples: 0, movedPercent: null })).toBe(
      'How many visitors this moves is not known.',
    )
    expect(flagImpactText(one, { samples: 2_000 })).toBe(
      '9 visitors would move, off → on in 1,200 of 2,000 recent requests (RO)',
    )
    expect(unknownImpactText({ unknown: 0 })).toBeUndefined()
    expect(unknownImpactText({ unknown: 1 })).toMatch(/^1 more request could not/)
  })
})

describe('a record of the audit log', () => {
  it('names what was done, with or without the flag beside it', () => {
    expect(deedOf({ action: 'unkill', flag: 'f' }).words).toBe('Lifted the kill of')
    expect(deedOf({ action: 'unkill', flag: null }).words).toBe('Lifted the kill')
    const swapped = { action: 'kill-list', before: ['a', '*'], after: ['b'] } as const
    const inKv = (flag: string | null, about = flag) => deedOf({ ...swapped, flag, about })
    expect(inKv('b')).toEqual({ words: 'Killed in KV', tone: 'bad' })
    expect(inKv('a')).toEqual({ words: 'Lifted in KV the kill of', tone: 'good' })
    expect(inKv(null, 'a').words).toBe('Lifted in KV the kill')
    expect(inKv(null, 'b').words).toBe('Killed in KV')
    expect(inKv('*').words).toBe('Lifted in KV the kill of')
    expect(deedOf({ action: 'kill-list', flag: null, before: [], after: ['*'] }).words).toBe('Killed in KV')
    expect(deedOf({ action: 'document-published', flag: 'f' }).words).toBe('Edited')
    expect(deedOf({ action: 'document-published', flag: null }).words).toBe('Published the document')
    expect(deedOf({ action: 'login-refused', flag: null })).toEqual({ words: 'Failed sign-in', tone: 'warn' })
    expect(deedOf({ action: 'document-adopted', flag: null }).words).toBe('Published by a direct KV write')
    const first = { action: 'document-adopted' as const, flag: null, before: { version: 0, hash: '' } }
    expect(deedOf(first).words).toBe('Began with the document in KV')
    expect(deedOf({ ...first, before: { version: 1 } }).words).toBe('Published by a direct KV write')
  })
})

describe('an audience', () => {
  it.each([
    [{ samples: 2_000, matched: 241, unknown: 0 }, 'Matches 12.1 % of recent visitors (241 of 2,000)'],
    [{ samples: 9, matched: 0, unknown: 0 }, 'Matches 0 % of recent visitors (0 of 9)'],
    [
      { samples: 9, matched: 9, unknown: 3 },
      'Matches 100 % of recent visitors (9 of 9); of 3 more it is not known yet',
    ],
    [{ samples: 0, matched: 0, unknown: 1 }, 'Of 1 recent visitor it is not known yet'],
    [{ samples: 0, matched: 0, unknown: 0 }, 'No recent visitors to count'],
  ])('of %j reads %s', (audience, expected) => {
    expect(matchText({ rule: 0, ...audience })).toBe(expected)
  })
})
