/** What a gate with two flags answers, for tests of the command line. */
import type { FlagStatusView, FlagSummary, Responses } from '../../../src/contract/responses.ts'
import { FAILURE_KINDS } from '../../../src/core/outcome/outcome.ts'

import { RESULTS } from './results.ts'

const AT = '2026-03-01T10:00:00.000Z'
type Counts = FlagStatusView['arms']['canary']

export function counts(requests: number, errors = 0, latencies: readonly (number | null)[] = []): Counts {
  const [p50Ms = null, p95Ms = null, p99Ms = null] = latencies
  const none = { count: 0, p50Ms: null, p95Ms: null }
  const errorsByKind = Object.fromEntries(FAILURE_KINDS.map((kind) => [kind, 0])) as Counts['errorsByKind']
  const errorRate = requests === 0 ? null : errors / requests
  const rest = {
    erroredBuckets: 0,
    rescued: 0,
    pairing: { shared: 0, unasked: 0, questions: 0 },
    journeys: 0,
    timings: none,
    vitals: {},
  }
  return { requests, errors, errorsByKind, errorRate, p50Ms, p95Ms, p99Ms, ...rest }
}

export function flagStatus(more: Partial<FlagStatusView> = {}): FlagStatusView {
  return {
    ...{
      state: 'open',
      generation: 2,
      stage: 1,
      percentage: 5,
      rolledBack: null,
      paused: null,
      frozen: null,
    },
    ...{
      approved: false,
      needsApproval: false,
      needsOperator: false,
      finished: false,
      verdict: null,
      waitingFor: null,
    },
    arms: { canary: counts(0), control: counts(0), other: counts(0) },
    variants: {},
    cells: [],
    ...more,
  }
}

const auto = { approval: false, advance: 'auto' } as const
export const LADDER: FlagSummary['ladder'] = [
  { percentage: 1, bakeMs: 600_000, ...auto },
  { percentage: 5, bakeMs: 1_800_000, ...auto },
  { percentage: 100, bakeMs: 600_000, ...auto, approval: true },
]

export function summary(key: string, more: Partial<FlagSummary> = {}): FlagSummary {
  const none = { requests: 0, errors: 0, errorRate: null, p95Ms: null }
  return {
    ...{ key, description: null, owner: null, tags: [], enabled: true, state: 'open', percentage: 5 },
    ladder: LADDER,
    ...{ stage: 1, stages: 3, rules: 1, schedule: null, verdict: null, waitingFor: null, paused: false },
    ...{
      frozen: false,
      needsApproval: false,
      needsOperator: false,
      finished: false,
      canary: none,
      control: none,
      other: none,
    },
    ...{ next: null, expires: null, lastSeenAt: null, stale: [], routes: [], ...more },
  }
}

export const VERDICT: NonNullable<FlagStatusView['verdict']> = {
  ...{ kind: 'healthy', action: 'none', trigger: null, mayAdvance: true, alert: null },
  evidence: { stageElapsedMs: 1_500_000 },
  sentence: 'canary is as good as control',
}

export function status(more: Partial<Responses['getStatus']> = {}): Responses['getStatus'] {
  const isolate = { isolate: 'a', epoch: 7, seenAt: AT }
  return {
    ...{ environment: 'production', at: AT, controller: 'ok', epoch: 7 },
    document: {
      ...{ source: 'kv', version: 4, hash: 'h', checkedAt: AT, problems: [], refused: [], kvError: null },
    },
    signing: true,
    limits: [],
    kill: { kv: [], controller: [] },
    flags: {
      f: flagStatus({
        arms: {
          canary: counts(1_234, 5, [12, 120, 1_350]),
          control: counts(20_000, 10, [11, 99, null]),
          other: counts(0),
        },
        variants: { on: counts(1_234, 5, [12, 120, 1_350]) },
        verdict: VERDICT,
        waitingFor: 'the bake takes 5 min more',
      }),
      g: flagStatus({ state: 'killed', generation: 1, stage: 0, percentage: null }),
    },
    isolates: 3,
    colos: [
      { colo: 'OTP', epoch: 7, isolates: [isolate] },
      { colo: 'FRA', epoch: 7, isolates: [] },
    ],
    internalErrors: [],
    ...more,
  }
}

const FAILURES = {
  ...{
    arm: 'canary' as const,
    variant: 'on',
    as: 'failed' as const,
    sampled: 9,
    firstSeenAt: AT,
    lastSeenAt: AT,
  },
  statuses: [
    { value: '503', count: 7 },
    { value: 'timeout', count: 2 },
  ],
  paths: [{ value: 'GET /orders/:id\u001b[31m', count: 9 }],
  colos: [{ value: 'OTP', count: 9 }],
  countries: [{ value: 'RO', count: 9 }],
  browsers: [{ value: 'Firefox', count: 9 }],
  requests: [{ id: '8a1b2c3d4e5f6071-OTP', at: AT, status: '503', path: 'GET /orders/:id' }],
}
const VERSION: Responses['listVersions']['versions'][number] = {
  ...{ version: 4, hash: 'abc', at: AT, actor: 'ada', reason: 'ramp', source: 'api', bytes: 12_345 },
}

export const DOCUMENT = {
  origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
  routes: [{ path: '/*', flag: 'f', origins: { on: 'new', off: 'old' } }],
  flags: { f: { variants: { on: true, off: false }, off: 'off', owner: 'web' } },
}

export const PEOPLE: Responses['diffDocument']['people'] = {
  ...{ samples: 1_200, unknown: 2, movedPercent: 12.5 },
  flags: [
    {
      ...{ flag: 'f', samples: 1_200, moved: 150, movedPercent: 12.5, visitors: 30, countries: ['RO'] },
      moves: [{ from: 'off', to: 'on', count: 150 }],
    },
    { flag: 'g', samples: 1_200, moved: 0, movedPercent: 0, moves: [], visitors: 0, countries: [] },
  ],
}

export function review(more: Partial<Responses['diffDocument']> = {}): Responses['diffDocument'] {
  return {
    ...{ valid: true, problems: [], against: 4, people: PEOPLE, needsConfirmation: false, questions: [] },
    audience: [],
    examples: {},
    summary: ['defaultOrigin old added', 'f: tags ["web"] removed; owner web → shop'],
    changes: [
      { path: '$.defaultOrigin', kind: 'added', before: null, after: 'old' },
      { path: '$.flags.f.tags', kind: 'removed', before: ['x'.repeat(80)], after: null },
      { path: '$.flags.f.owner', kind: 'changed', before: 'web', after: 'shop' },
    ],
    ...more,
  }
}

export function published(more: Partial<Responses['publishDocument']> = {}): Responses['publishDocument'] {
  return {
    ...{ version: 5, hash: 'def', changed: true, changes: [], people: PEOPLE, rollouts: [], kv: 'written' },
    ...more,
  }
}

export function convergence(more: Partial<Responses['getConvergence']> = {}): Responses['getConvergence'] {
  const isolates = { converged: 3, behind: 0, idle: 0 }
  return {
    ...{ epoch: 8, since: AT, converged: true, slowestMs: 900, isolates },
    colos: [
      { colo: 'OTP', converged: 2, behind: 0, idle: 0, slowestMs: 900 },
      { colo: 'FRA', converged: 1, behind: 0, idle: 0, slowestMs: 100 },
    ],
    kv: { writtenEpoch: 8, error: null },
    document: { version: 4, converged: true, isolates, colos: 2 },
    ...more,
  }
}

export const TOKEN: Responses['listTokens']['tokens'][number] = {
  ...{ id: 't1', name: 'ci', role: 'admin', createdAt: AT, createdBy: 'ada', expiresAt: null },
  lastUsedAt: AT,
}

export const EXPLAINED: Responses['explain'] = {
  targetingKey: 'ada',
  route: { route: '/*', origin: 'new', flag: 'f' },
  flags: [
    {
      ...{ flag: 'f', variant: 'on', value: true, reason: 'SPLIT', rule: 'canary', arm: 'canary' },
      sentence: 'rule "canary" serves on',
      gates: [
        { gate: 'enabled', passed: true, detail: 'it is enabled' },
        { gate: 'requires', passed: false, detail: 'g is off' },
      ],
      rules: [
        {
          ...{ rule: 'testers', outcome: 'conditions-not-met', percentage: null, position: null },
          conditions: [
            { attribute: 'country', op: 'in', values: ['RO'], negate: false, found: 'RO', holds: true },
            { attribute: 'age', op: 'gt', values: [18], negate: false, found: null, holds: false },
          ],
        },
        { rule: 'canary', outcome: 'served', percentage: 25, position: 12.5, conditions: [] },
        { rule: 'rest', outcome: 'outside-percentage', percentage: 5, position: null, conditions: [] },
        { rule: 'last', outcome: 'not-reached', percentage: null, position: null, conditions: [] },
      ],
    },
    {
      ...{ flag: 'g', variant: 'blue', value: 'blue', reason: 'DEFAULT', rule: null, arm: 'other' },
      ...{ sentence: 'no rule applies', gates: [], rules: [] },
    },
  ],
}

const STALE = [{ kind: 'expired', text: 'expired on 2026-01-01' } as const]
const FLAGS = [
  summary('f', {
    ...{ owner: 'web', description: 'The new site', tags: ['shop'], lastSeenAt: AT, routes: ['/*'] },
  }),
  summary('g', {
    state: 'killed',
    percentage: null,
    stage: null,
    stages: 0,
    ladder: [],
    rules: 0,
    stale: STALE,
  }),
]
const done = { epoch: 8, via: 'controller', before: null, after: null } as const

/** By operation; a test gives its own where they differ. */
export const ANSWERS: Responses = {
  whoAmI: { name: 'ada', role: 'admin', environment: 'production', host: 'own' },
  signIn: { name: 'ada', role: 'admin', environment: 'production', host: 'own', sessionEndsAt: null },
  signOut: { signedOut: true },
  getStatus: status(),
  getConvergence: convergence(),
  getSeries: { flag: 'f', stepMs: 10_000, points: [], rollbackWealth: null, lines: null },
  getShadow: {
    ...{ flag: 'f', generation: 1, stage: 0, startedAt: AT, samples: 40, verdict: 'different' },
    sentence: 'answers differ: GET /api $.price in 12 of 40 requests (control with itself: 0)',
    routes: [{ route: 'GET /api', samples: 40 }],
    findings: [
      {
        ...{ route: 'GET /api', field: '$.price', samples: 40 },
        ...{ canaryOnly: 12, controlOnly: 0, both: 0, strength: 1.4 },
      },
    ],
    shown: [
      { at: AT, route: 'GET /api', differences: [{ field: '$.price', control: '99', canary: '(absent)' }] },
    ],
  },
  getResults: RESULTS,
  listAudit: {
    records: [
      {
        ...{ id: 12, at: AT, actor: 'ada', action: 'kill', flag: 'f', reason: 'INC-1' },
        ...{ evidence: null, before: null, after: null },
      },
      {
        ...{ id: 11, at: AT, actor: 'guard', action: 'document-published', flag: null, reason: '' },
        ...{ evidence: null, before: null, after: null },
      },
    ],
  },
  listFeedback: { feedback: [{ id: 3, at: AT, flag: 'f', variant: 'on', text: 'nice\u001b[31m!' }] },
  getDocument: { ...VERSION, document: DOCUMENT, text: `${JSON.stringify(DOCUMENT)}\n` },
  validateDocument: { valid: true, problems: [] },
  diffDocument: review(),
  publishDocument: published(),
  listVersions: {
    current: 4,
    versions: [VERSION, { ...VERSION, version: 3, actor: 'bob', source: 'kv', bytes: 99 }],
  },
  getVersion: { ...VERSION, version: 3, document: DOCUMENT, text: `${JSON.stringify(DOCUMENT)}\n` },
  restoreVersion: published(),
  listFlags: { version: 4, flags: FLAGS },
  getFlag: {
    version: 4,
    summary: summary('g', { ...FLAGS[1], lastSeenAt: null }),
    definition: DOCUMENT.flags.f,
    status: flagStatus(),
    failures: [],
  },
  createFlag: published(),
  patchFlag: published(),
  deleteFlag: published(),
  enableFlag: published(),
  disableFlag: published(),
  setPercentage: published(),
  commandFlag: { ...done, after: { generation: 3, stage: 1, killed: false } },
  explain: EXPLAINED,
  createPreview: { url: 'http://gate.test/__sluice/preview?t=x', token: 'x', expiresAt: AT },
  showKey: { purpose: 'origin', key: 'sluice-origin-of-the-gate' },
  listTokens: { tokens: [TOKEN, { ...TOKEN, id: 't2', name: 'old', expiresAt: AT, lastUsedAt: null }] },
  createToken: { ...TOKEN, token: 'sluice_secret' },
  revokeToken: { id: 't1' },
  listOutcomes: {
    outcomes: [
      {
        ...{ id: 7, flag: 'f', generation: 2, startedAt: AT, endedAt: AT, ending: 'rolled-back' },
        ...{ actor: 'guard', reason: 'the canary fails', percentage: 25, stage: 1 },
        canary: { requests: 1_200, errors: 12, errorRate: 0.01, p50Ms: 20, p95Ms: 120 },
        control: { requests: 0, errors: 0, errorRate: null, p50Ms: null, p95Ms: null },
        verdict: 'the canary fails 1 % of requests',
        failures: [FAILURES],
        metrics: RESULTS,
        shadow: { verdict: 'same', sentence: '400 compared requests: as control', samples: 400 },
        note: { text: 'cold cache\u001b[31m', actor: 'ada', at: AT },
      },
    ],
  },
  noteOutcome: { id: 7 },
  testWebhook: { delivered: true, detail: 'it answered 200' },
}
