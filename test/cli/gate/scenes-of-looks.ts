/** Commands that read, and gates in many states. */
import { counts, flagStatus, PEOPLE, review, status, VERDICT } from './answers.ts'
import { ORDER, RESULTS } from './results.ts'
import { Refused } from './scripted-gate.ts'
import type { Scene } from './transcript.ts'

const AT = '2026-03-01T10:00:00.000Z'
const why = { at: AT, reason: 'too many errors' }

const READS = [
  'status',
  'status f',
  'flags list',
  'flags get g',
  'history',
  'explain f --key ada',
  'token list',
  'diff next.json',
  'stale',
  'results f',
]

export const LOOKS: Scene[] = [
  { title: 'as plain text', lines: READS },
  { title: 'on a screen', lines: READS, isScreen: true },
  {
    title: 'narrowed and continued',
    lines: [
      'flags list --tag shop',
      'flags list --owner web',
      'flags list --tag web',
      'flags list --owner shop --json',
      'stale --only expired,unused',
      'stale --only unused',
      'audit',
      'audit f --limit 3 --before 12',
      'audit --actor ada --kind closed',
      'feedback',
      'feedback f --variant on --limit 5 --before 9',
      'history 3',
      'history --limit 2 --before 4',
      'results f --csv',
      'results f --csv --json',
      'results f --csv --watch',
      'explain --request /x -H x-user-id=ada --method post --cf asn=12 --cf country=RO --claim plan=pro',
      'explain -a age=42 -a beta=true -a role=a -a role=b -a role=c',
      'docs',
      'docs --out out.json',
      'docs --out out.json --format html',
      'pull',
      'pull out.json',
      'diff next.json --exit-code',
      'diff gate.json next.json',
      'diff gate.json next.json --exit-code',
      'diff gate.json gate.json --exit-code',
    ],
  },
  {
    title: 'results of names that steer a terminal, and where visitors are not split as they must be',
    isScreen: true,
    answers: {
      getResults: {
        ...RESULTS,
        control: 'a\u001b[31m',
        variants: [{ variant: 'a\u001b[31m', visitors: 4 }],
        split: { word: 'broken', sentence: 'a\u001b[2J has too many visitors' },
        metrics: [{ ...ORDER, name: '=1+1\n"x', variants: ORDER.variants.slice(0, 1), comparisons: [] }],
      },
    },
    lines: ['results f', 'results f --csv'],
  },
  {
    title: 'where there is nothing',
    answers: {
      getResults: {
        ...RESULTS,
        variants: [],
        split: { word: 'collecting', sentence: 'no visitors yet' },
        kept: { visitors: 0, bytes: 0, share: 1, mixed: 0, unproven: 0, refused: {} },
        metrics: [],
        sentence: 'no visitors yet',
      },
      listAudit: { records: [] },
      listFeedback: { feedback: [] },
      listOutcomes: { outcomes: [] },
      listVersions: { current: 0, versions: [] },
      listTokens: { tokens: [] },
      listFlags: { version: 1, flags: [] },
      getStatus: status({ flags: {}, colos: [], isolates: 1 }),
      explain: { targetingKey: null, route: null, flags: [] },
      diffDocument: review({ changes: [], people: { ...PEOPLE, samples: 0, unknown: 0, flags: [] } }),
    },
    lines: [
      ...[
        'audit',
        'feedback',
        'outcomes',
        'history',
        'token list',
        'flags list',
        'status',
        'status f',
        'stale',
        'docs',
      ],
      ...['results f', 'results f --csv', 'explain', 'diff', 'diff --exit-code'],
    ],
  },
]

export const STATES: Scene[] = [
  {
    title: 'everything is wrong at once',
    isScreen: true,
    answers: {
      getStatus: status({
        controller: 'unreachable',
        signing: false,
        kill: { kv: ['f', 'g'], controller: ['*'] },
        internalErrors: [{ place: 'gate.decide', count: 1, firstAt: AT, lastAt: AT, message: 'boom' }],
        document: {
          ...status().document,
          kvError: 'KV does not answer',
          refused: [
            {
              ...{ key: 'config', hash: 'x', seenAt: AT },
              problems: [{ path: '$', found: 'nothing', expected: 'an object', fix: 'write one' }],
            },
          ],
        },
      }),
    },
    lines: ['status'],
  },
  {
    title: 'only the document in KV is refused',
    answers: {
      getStatus: status({
        document: { ...status().document, refused: [{ key: 'kill', hash: 'x', seenAt: AT, problems: [] }] },
      }),
    },
    lines: ['status f'],
  },
  {
    title: 'only the Controller is away',
    answers: { getStatus: status({ controller: 'unreachable' }), listFlags: new Refused(503, 'not now') },
    lines: ['status'],
  },
  {
    title: 'each state of a flag',
    isScreen: true,
    answers: {
      getStatus: status({
        flags: {
          back: flagStatus({ state: 'rolled-back', rolledBack: why, waitingFor: 'a person' }),
          cold: flagStatus({ frozen: why }),
          held: flagStatus({ paused: why, verdict: VERDICT, waitingFor: VERDICT.sentence }),
          off: flagStatus({ state: 'disabled', percentage: 0 }),
          ripe: flagStatus({ needsApproval: true, approved: true, waitingFor: 'approval' }),
          bare: flagStatus({
            arms: { canary: counts(1, 1), control: counts(2, 0, [null, 3]), other: counts(0) },
          }),
          same: flagStatus({ verdict: VERDICT, waitingFor: VERDICT.sentence }),
          full: flagStatus({ finished: true, percentage: 100 }),
        },
      }),
    },
    lines: ['status', ...['back', 'cold', 'held', 'ripe', 'same', 'bare'].map((flag) => `status ${flag}`)],
  },
]
