/** Commands that change something, and gates that agree or do not. */
import { convergence, PEOPLE, published, review, status, TOKEN } from './answers.ts'
import { Refused } from './scripted-gate.ts'
import type { Scene } from './transcript.ts'

const AT = '2026-03-01T10:00:00.000Z'

export const CHANGES: Scene[] = [
  {
    title: 'changes',
    lines: [
      'publish next.json',
      'publish next.json --expect 3 --reason ramp --yes',
      'restore 3 --yes --reason back',
      'flags create n',
      "flags create n --percentage 5 --owner web --description 'what for' --expect 4 --reason new --yes",
      'flags create n flag.json --owner web',
      'flags create n -',
      'flags patch f {"owner":"x"}',
      'flags patch f @flag.json',
      'flags delete f --yes',
      'enable f --reason on',
      'disable f --expect 0',
      'percentage f 25',
      "percentage f '12.5 %' --reason up",
      'percentage f 0',
      'percentage f 100',
      'advance f --reason good',
      'pause f',
      'approve f',
      'rollback f',
      'resume f',
      'finish f',
      'stage f 1',
      'stage f 3 --reason down',
      'kill f',
      'kill f --reason INC-1',
      'kill --all --yes',
      'kill all --yes',
      'kill f --wait',
      'kill f --json',
      'unkill f',
      'unkill --all --reason fixed',
      'preview f=on',
      'preview a=b=on f=on --for 90s --path /x',
      'preview f=on --for 30m',
      'preview f=on --for 2h',
      'preview f=on --for 7d',
      'preview f=on --json',
      'key origin',
      'key webhook --json',
      'token create ci',
      'token create ci --role operator --days 30',
      'token create ci --json',
      'token revoke ci',
      'token revoke t2',
      'token revoke gone --json',
      'webhook http://hook.test/',
    ],
  },
  {
    title: 'answers that need a word more',
    answers: {
      publishDocument: published({ kv: 'pending' }),
      patchFlag: published({ changed: false, version: 4 }),
      commandFlag: { epoch: 8, via: 'kv', before: null, after: null },
      createToken: { ...TOKEN, token: 'sluice_secret', role: 'viewer', expiresAt: AT },
      testWebhook: { delivered: false, detail: 'it answered 500' },
      diffDocument: review({ changes: [] }),
      listTokens: { tokens: [TOKEN, { ...TOKEN, id: 't2' }] },
    },
    lines: [
      'publish next.json',
      'restore 3',
      'flags patch f {"owner":"x"}',
      'kill f --wait',
      'stage f 4',
      'resume f',
      'token create ci',
      'token revoke ci',
      'webhook http://hook.test/',
    ],
  },
  {
    title: 'a kill that is not everywhere',
    answers: {
      getConvergence: convergence({
        ...{ converged: false, isolates: { converged: 1, behind: 2, idle: 1 } },
        colos: [{ colo: 'OTP', converged: 1, behind: 2, idle: 1, slowestMs: null }],
        kv: { writtenEpoch: 7, error: null },
      }),
    },
    lines: ['kill f --wait --within 0'],
  },
  {
    title: 'a kill whose arrival KV lacks',
    answers: { getConvergence: convergence({ kv: { writtenEpoch: 8, error: 'KV is down' } }) },
    lines: ['kill f -w'],
  },
  {
    title: 'a kill whose arrival was never measured',
    answers: { getConvergence: new Refused(503, 'not now') },
    lines: ['kill f --wait --within 0', 'kill f --wait --within 0 --json'],
  },
  {
    title: 'other kills remain',
    answers: { getStatus: status({ kill: { kv: ['x'], controller: ['*'] } }) },
    lines: ['unkill f', 'unkill f --json'],
  },
  {
    title: 'the kill in KV remains',
    answers: { getStatus: status({ kill: { kv: ['f'], controller: [] } }) },
    lines: ['unkill f'],
  },
  {
    title: 'a kill that cuts off',
    answers: {
      commandFlag: {
        ...{ epoch: 8, via: 'controller', before: null },
        after: { generation: 3, stage: 1, killed: true, isolated: true, severed: true },
      },
    },
    lines: ['kill f --isolate --sever', 'kill --all --sever --yes --json'],
  },
  {
    title: 'a kill that cuts off all but what others need',
    answers: {
      commandFlag: {
        ...{ epoch: 8, via: 'controller', before: null },
        after: { generation: 3, stage: 1, killed: true, isolated: true },
        notIsolated: [
          { origin: 'new', flags: ['g'] },
          { origin: 'newer', flags: ['h', 'i'] },
          { origin: 'old', flags: [] },
        ],
      },
    },
    lines: ['kill f --isolate', 'kill f --isolate --json'],
  },
  {
    title: 'a kill that cuts nothing off, because another version answers',
    answers: { commandFlag: { ...{ epoch: 8, via: 'kv', before: null, after: null } } },
    lines: ['kill f --isolate --sever', 'kill f --sever --json', 'kill f --isolate --kv', 'kill f'],
  },
  {
    title: 'killed by another person',
    answers: {
      commandFlag: new Refused(409, 'f is killed already'),
      getStatus: status({ kill: { kv: [], controller: ['f'] } }),
    },
    lines: ['kill f', 'kill f --json', 'kill g', 'unkill f'],
  },
  {
    title: 'moves many visitors',
    answers: {
      diffDocument: review({
        needsConfirmation: true,
        questions: [
          'f: identity changes: all visitors are dealt anew, 50 % move; generation 2 begins at 50 %',
        ],
      }),
      patchFlag: [
        new Refused(409, 'confirm it', { people: PEOPLE, questions: ['f: the guard is removed'] }),
        published(),
      ],
    },
    lines: [
      ...['diff next.json', 'publish next.json', 'publish next.json --yes', 'flags patch f {}'],
      'flags patch f {} --json',
    ],
  },
  {
    title: 'a conflict',
    isScreen: true,
    answers: {
      publishDocument: new Refused(409, 'another version was published', {
        current: {
          ...{ version: 5, hash: 'x', at: AT, actor: 'bob', reason: 'mine', source: 'api', bytes: 1 },
        },
        changes: [{ path: '$.a', kind: 'changed', before: 1, after: 2 }],
      }),
    },
    lines: ['publish next.json', 'publish next.json --json'],
  },
  {
    title: 'a document that the gate does not take',
    answers: {
      diffDocument: review({
        valid: false,
        problems: [{ path: '$.origins', found: 'nothing', expected: 'an origin', fix: 'add one' }],
      }),
      createFlag: new Refused(422, 'the flag has a problem', {
        problems: [{ path: '$.flags.n', found: 'x', expected: 'y', fix: 'z' }],
      }),
    },
    lines: ['diff bad.json', 'flags create n', 'flags create n --json'],
  },
]
