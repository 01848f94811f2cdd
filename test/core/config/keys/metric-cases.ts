import { type Case, F, RULE } from './case.ts'
import type { Gate } from './gate-probe.ts'

/** A metric that a flag with three variants measures. */
const MEASURED = {
  [`${RULE}.serve`]: { on: 50, off: 25, b: 25 },
  'metrics.m': {},
  'metrics.n': {},
  [`${F}.experiment`]: { primary: 'm' },
}
const REQUEST = { ...MEASURED, 'metrics.m': { request: { path: '/done' } } }
const GUARDED = { [`${RULE}.percentage`]: 50, 'metrics.m': {}, [`${F}.guard`]: {} }

const measures = ({ snapshot }: Gate) => snapshot.flags.get('f')?.measures
const metricOf = (gate: Gate) => measures(gate)?.metrics[0]
const requestOf = ({ snapshot }: Gate) => snapshot.measured?.requests?.[0]
const namesOf = (gate: Gate) => measures(gate)?.metrics.map(({ name, role }) => `${name} ${role}`)

/** Keys of metrics, and of what a flag does with them. */
export const METRIC_CASES: Record<string, Case> = {
  'metrics.*.type': {
    at: 'metrics.m.type',
    given: MEASURED,
    to: 'count',
    sees: (gate) => metricOf(gate)?.type,
    was: 'conversion',
    becomes: 'count',
  },
  'metrics.*.better': {
    at: 'metrics.m.better',
    given: MEASURED,
    to: 'lower',
    sees: (gate) => metricOf(gate)?.better,
    was: 'higher',
    becomes: 'lower',
  },
  'metrics.*.cap': {
    at: 'metrics.m.cap',
    given: { ...MEASURED, 'metrics.m': { type: 'sum' } },
    to: 500,
    sees: (gate) => metricOf(gate)?.cap,
    was: undefined,
    becomes: 500,
  },
  'metrics.*.window': {
    at: 'metrics.m.window',
    given: MEASURED,
    to: '7d',
    sees: (gate) => metricOf(gate)?.windowMs,
    was: null,
    becomes: 7 * 86_400_000,
  },
  'metrics.*.request.path': {
    at: 'metrics.m.request.path',
    given: REQUEST,
    from: '/done',
    to: '/order/*',
    sees: (gate) =>
      ['/done', '/Done', '/order/7', '/%6frder/8'].map((path) =>
        requestOf(gate)?.matches('shop.test', path, 'GET'),
      ),
    was: [true, false, false, false],
    becomes: [false, false, true, true],
  },
  'metrics.*.request.host': {
    at: 'metrics.m.request.host',
    given: REQUEST,
    to: ['*.shop.test'],
    sees: (gate) =>
      ['shop.test', 'www.shop.test'].map((host) => requestOf(gate)?.matches(host, '/done', 'GET')),
    was: [true, true],
    becomes: [false, true],
  },
  'metrics.*.request.method': {
    at: 'metrics.m.request.method',
    given: REQUEST,
    to: 'post',
    sees: (gate) => ['GET', 'POST'].map((method) => requestOf(gate)?.matches('shop.test', '/done', method)),
    was: [true, true],
    becomes: [false, true],
  },
  'metrics.*.request.status': {
    at: 'metrics.m.request.status',
    given: REQUEST,
    to: 201,
    sees: (gate) => [200, 201, 299, 302, 404].map((status) => requestOf(gate)?.takes(status)),
    was: [true, true, true, false, false],
    becomes: [false, true, false, false, false],
  },
  'flags.*.experiment.primary': {
    given: MEASURED,
    from: 'm',
    to: 'n',
    sees: namesOf,
    was: ['m primary'],
    becomes: ['n primary'],
  },
  'flags.*.experiment.metrics': {
    given: MEASURED,
    to: ['n'],
    sees: (gate) => [namesOf(gate), [...(gate.snapshot.measured?.flagsOf ?? [])]],
    was: [['m primary'], [['m', ['f']]]],
    becomes: [
      ['m primary', 'n secondary'],
      [
        ['m', ['f']],
        ['n', ['f']],
      ],
    ],
  },
  'flags.*.experiment.variants': {
    given: MEASURED,
    to: ['on', 'b'],
    sees: (gate) => measures(gate)?.variants,
    was: ['off', 'on', 'b'],
    becomes: ['on', 'b'],
  },
  'flags.*.experiment.control': {
    given: MEASURED,
    to: 'b',
    sees: (gate) => measures(gate)?.variants,
    was: ['off', 'on', 'b'],
    becomes: ['b', 'on', 'off'],
  },
  'flags.*.guard.metrics.*.maxDropPercent': {
    at: `${F}.guard.metrics.m.maxDropPercent`,
    given: GUARDED,
    from: 5,
    to: 20,
    sees: (gate) => metricOf(gate)?.guard,
    was: { marginPercent: 5, action: 'rollback' },
    becomes: { marginPercent: 20, action: 'rollback' },
  },
  'flags.*.guard.metrics.*.maxRisePercent': {
    at: `${F}.guard.metrics.m.maxRisePercent`,
    given: { ...GUARDED, 'metrics.m': { better: 'lower' } },
    from: 5,
    to: 200,
    sees: (gate) => metricOf(gate)?.guard,
    was: { marginPercent: 5, action: 'rollback' },
    becomes: { marginPercent: 200, action: 'rollback' },
  },
  'flags.*.guard.metrics.*.action': {
    at: `${F}.guard.metrics.m.action`,
    given: { ...GUARDED, [`${F}.guard.metrics.m`]: { maxDropPercent: 5 } },
    to: 'signal',
    sees: (gate) => metricOf(gate)?.guard,
    was: { marginPercent: 5, action: 'rollback' },
    becomes: { marginPercent: 5, action: 'signal' },
  },
}
