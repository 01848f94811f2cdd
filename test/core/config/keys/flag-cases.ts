import { parseTimeMs } from '../../../../src/core/flags/date-time.ts'
import { debtOf } from '../../../../src/core/flags/debt.ts'
import { BASE, type Case, COUNTRY, F, RULE, STAGES } from './case.ts'
import type { Gate } from './gate-probe.ts'

/** Keys of a flag but those of its rules and its guard. */
export const FLAG_CASES: Record<string, Case> = {
  'flags.*.description': {
    to: 'what for',
    sees: ({ document }) => document.flags.f?.description,
    was: undefined,
    becomes: 'what for',
  },
  'flags.*.owner': { to: 'me', sees: (gate) => debtsOf(gate), was: ['ownerless'], becomes: [] },
  'flags.*.tags': {
    to: ['t'],
    sees: ({ document }) => document.flags.f?.tags,
    was: undefined,
    becomes: ['t'],
  },
  'flags.*.expires': {
    to: '2026-05-31',
    given: { [`${F}.owner`]: 'me' },
    sees: (gate) => debtsOf(gate),
    was: [],
    becomes: ['expired'],
  },
  'flags.*.enabled': { to: false, sees: (gate) => gate.variant(), was: 'on', becomes: 'off' },
  'flags.*.variants.*': {
    at: `${F}.variants.on`,
    from: true,
    to: { x: 1 },
    sees: (gate) => gate.decide('u').value,
    was: true,
    becomes: { x: 1 },
  },
  'flags.*.off': {
    from: 'off',
    given: COUNTRY,
    to: 'b',
    sees: (gate) => gate.variant(),
    was: 'off',
    becomes: 'b',
  },
  'flags.*.salt': {
    given: { [`${RULE}.percentage`]: 50 },
    to: 'other',
    sees: (gate) => [1, 2, 3, 4, 5, 6].map((n) => gate.decide(`u${n}`).variant).join(' '),
    was: 'off off off off on on',
    becomes: 'on off on off on on',
  },
  'flags.*.environments': { to: ['staging'], sees: (gate) => gate.variant(), was: 'on', becomes: 'off' },
  'flags.*.schedule.start': {
    to: '2026-06-01T00:00:01Z',
    sees: (gate) => [gate.variant(), gate.variant({ now: '2026-06-01T00:00:01Z' })],
    was: ['on', 'on'],
    becomes: ['off', 'on'],
  },
  'flags.*.schedule.end': {
    to: '2026-06-01T00:00:01Z',
    sees: (gate) => [gate.variant(), gate.variant({ now: '2026-06-01T00:00:01Z' })],
    was: ['on', 'on'],
    becomes: ['on', 'off'],
  },
  'flags.*.requires': {
    given: { 'flags.g.enabled': false },
    to: ['g'],
    sees: (gate) => gate.variant(),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.requires.flag': {
    given: { [`${F}.requires`]: [{}], 'flags.h': { ...BASE.flags.g, enabled: false } },
    from: 'g',
    to: 'h',
    sees: (gate) => gate.variant(),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.requires.on': {
    given: { [`${F}.requires`]: [{ flag: 'g' }] },
    to: false,
    sees: (gate) => gate.variant(),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.requires.variants': {
    given: { [`${F}.requires`]: [{ flag: 'g' }], 'flags.g.variants.more': 2 },
    to: ['more'],
    sees: (gate) => gate.variant(),
    was: 'on',
    becomes: 'off',
  },
  'flags.*.rollout.windows.days': {
    given: { ...STAGES, [`${F}.rollout.windows`]: [{ from: '09:00', to: '17:00' }] },
    to: ['tue'],
    sees: (gate) => gate.permission({ weekday: 'mon', minuteOfDay: 600 }).allowed,
    was: true,
    becomes: false,
  },
  'flags.*.rollout.windows.from': {
    given: { ...STAGES, [`${F}.rollout.windows`]: [{ to: '17:00' }] },
    from: '09:00',
    to: '11:00',
    sees: (gate) => gate.step(gate.permission({ weekday: 'mon', minuteOfDay: 600 })).command?.kind,
    was: 'advance',
    becomes: undefined,
  },
  'flags.*.rollout.windows.to': {
    given: { ...STAGES, [`${F}.rollout.windows`]: [{ from: '09:00' }] },
    from: '17:00',
    to: '10:00',
    sees: (gate) => gate.step(gate.permission({ weekday: 'mon', minuteOfDay: 600 })).command?.kind,
    was: 'advance',
    becomes: undefined,
  },
  'flags.*.rollout.timezone': {
    given: STAGES,
    to: 'Asia/Kolkata',
    sees: (gate) => gate.plan().timezone,
    was: 'UTC',
    becomes: 'Asia/Kolkata',
  },
  'flags.*.rollout.holdbackPercent': {
    given: { [`${RULE}.stages`]: [{ percentage: 100 }], [`${F}.guard`]: {} },
    to: 10,
    sees: (gate) => [gate.shares(), gate.shares({ control: { finished: true } })],
    was: [{ on: 988, off: 12 }, { on: 1000 }],
    becomes: [{ on: 901, off: 99 }, { on: 1000 }],
  },
  'flags.*.rollout.stepBack': {
    to: '30s',
    sees: ({ snapshot }) => snapshot.flags.get('f')?.stepBackMs,
    was: 0,
    becomes: 30_000,
  },
  'flags.*.private': {
    to: true,
    sees: ({ snapshot }) => snapshot.flags.get('f')?.isPrivate,
    was: false,
    becomes: true,
  },
  'flags.*.metadata.*': {
    at: `${F}.metadata.team`,
    to: 'a',
    sees: ({ snapshot }) => snapshot.flags.get('f')?.metadata,
    was: {},
    becomes: { team: 'a' },
  },
}

function debtsOf({ document: { flags } }: Gate): string[] {
  const { owner, expires } = flags.f ?? {}
  const facts = { owner, settledSinceMs: undefined, lastSeenMs: undefined, knownSinceMs: 0 }
  const expiresMs = expires === undefined ? undefined : parseTimeMs(expires)
  return debtOf({ ...facts, expiresMs }, Date.UTC(2026, 5, 1)).map(({ kind }) => kind)
}
