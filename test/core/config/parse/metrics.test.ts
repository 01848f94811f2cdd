import { expect, it } from 'vitest'
import { compileMeasures } from '../../../../src/core/config/compile/measures.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { documentWarnings } from '../../../../src/core/config/parse/warnings.ts'

const METRICS = { order: {}, revenue: { type: 'sum' }, tickets: { type: 'count', better: 'lower' } }
const SPLIT = [{ serve: { a: 50, b: 50 } }]

function parsed(flag: object, metrics: object = METRICS) {
  return parseDocumentValue({
    origins: { app: { url: 'https://app.example.com' } },
    routes: [{ path: '/*', origin: 'app' }],
    metrics,
    flags: { f: { variants: { a: 1, b: 2, c: 3 }, off: 'a', rules: SPLIT, ...flag } },
  })
}

function problemsOf(flag: object, metrics?: object): string[] {
  const answer = parsed(flag, metrics)
  return answer.ok ? [] : answer.problems.map(({ path, expected, fix }) => `${path}: ${expected} (${fix})`)
}

const line = (name: string, limits: object) => ({ guard: { metrics: { [name]: limits } } })
const experiment = (parts: object) => ({ experiment: { primary: 'order', ...parts } })

it.each([
  ['a guard line', line('order', { maxDropPercent: 5 })],
  ['a guard line of what should be low', line('tickets', { maxRisePercent: 5, action: 'signal' })],
  ['an experiment', experiment({ metrics: ['revenue'], variants: ['a', 'b'], control: 'b' })],
  [
    'stages, control outside',
    { rules: [{ stages: [{ percentage: 5 }], serve: 'b' }], ...experiment({ variants: ['a', 'b'] }) },
  ],
  ['a guard line without a split', { rules: [{ serve: 'b' }], ...line('order', { maxDropPercent: 30 }) }],
  ['a guard line of a flag that is off', { rules: [], ...line('order', { maxDropPercent: 30 }) }],
  [
    'a guard line of one that is on for everyone',
    { rules: [{ serve: 'b', percentage: 100 }], ...line('order', { maxDropPercent: 30 }) },
  ],
  [
    'a percentage of several variants',
    { rules: [{ percentage: 20, serve: { b: 50, c: 50 } }], ...experiment({}) },
  ],
])('%s is fine', (_, flag) => {
  expect(problemsOf(flag)).toEqual([])
})

it.each([
  [
    'an unknown metric of a guard',
    line('ordr', { maxDropPercent: 5 }),
    '$.flags.f.guard.metrics.ordr: the name of a metric (order, revenue, tickets) (did you mean "order"?)',
  ],
  [
    'a name that every object has',
    line('toString', { maxDropPercent: 5 }),
    '$.flags.f.guard.metrics.toString: the name of a metric',
  ],
  [
    'the limit for low on high',
    line('order', { maxRisePercent: 5 }),
    '$.flags.f.guard.metrics.order.maxRisePercent: "maxDropPercent", as of this metric higher is better',
  ],
  [
    'the limit for high on low',
    line('tickets', { maxDropPercent: 5 }),
    '$.flags.f.guard.metrics.tickets.maxDropPercent: "maxRisePercent"',
  ],
  [
    'no limit',
    line('order', { action: 'freeze' }),
    '$.flags.f.guard.metrics.order: the key "maxDropPercent"',
  ],
  [
    'both limits',
    line('order', { maxDropPercent: 5, maxRisePercent: 5 }),
    '$.flags.f.guard.metrics.order.maxRisePercent',
  ],
  [
    'a drop of everything',
    line('order', { maxDropPercent: 100 }),
    '$.flags.f.guard.metrics.order.maxDropPercent: a percentage from 0.1 to 99',
  ],
  [
    'what may rise, without a split',
    { rules: [{ serve: 'b' }], ...line('tickets', { maxRisePercent: 5 }) },
    '$.flags.f.guard.metrics.tickets: a metric of which higher is better: without a split only a fall',
  ],
  [
    'a sum without a cap, without a split',
    { rules: [{ serve: 'b', percentage: 100 }], ...line('revenue', { maxDropPercent: 5 }) },
    '$.flags.f.guard.metrics.revenue: a sum with a cap: without a split none is learned',
  ],
  [
    'an unknown metric, without a split',
    { rules: [], ...line('ordr', { maxDropPercent: 5 }) },
    '$.flags.f.guard.metrics.ordr: the name of a metric',
  ],
  [
    'an unknown metric of a guard that is off, without a split',
    { rules: [], guard: { enabled: false, metrics: { ordr: { maxDropPercent: 5 } } } },
    '$.flags.f.guard.metrics.ordr: the name of a metric',
  ],
  [
    'a split that is all weight on one',
    { rules: [{ serve: { a: 0, b: 100 } }], ...experiment({}) },
    '$.flags.f.experiment: a flag whose last rule',
  ],
  ['a flag without rules', { rules: [], ...experiment({}) }, '$.flags.f.experiment: a flag whose last rule'],
  [
    'an unknown primary metric',
    experiment({ primary: 'x' }),
    '$.flags.f.experiment.primary: the name of a metric',
  ],
  [
    'an unknown further metric',
    experiment({ metrics: ['revenue', 'x'] }),
    '$.flags.f.experiment.metrics[1]: the name of a metric',
  ],
  [
    'a variant that the split does not serve',
    experiment({ variants: ['a', 'c'] }),
    '$.flags.f.experiment.variants[1]: the name of a variant that the split serves (a, b)',
  ],
  [
    'a variant twice',
    experiment({ variants: ['a', 'b', 'a'] }),
    '$.flags.f.experiment.variants[2]: each variant once',
  ],
  [
    'a further metric twice',
    experiment({ metrics: ['revenue', 'tickets', 'revenue'] }),
    '$.flags.f.experiment.metrics[2]: each metric once',
  ],
  ['one variant', experiment({ variants: ['a'] }), '$.flags.f.experiment.variants: at least two variants'],
  [
    'a control that takes no part',
    experiment({ control: 'c' }),
    '$.flags.f.experiment.control: the name of a variant of the experiment (a, b)',
  ],
])('%s is a problem', (_, flag, problem) => {
  const found = problemsOf(flag)
  expect(found).toHaveLength(1)
  expect(found[0]).toContain(problem)
})

it.each([
  ['a cap of what is no sum', { order: { cap: 5 } }, '$.metrics.order.cap: a cap only with the type "sum"'],
  [
    'a sum of requests',
    { order: { type: 'sum', request: { path: '/' } } },
    '$.metrics.order.request: no request for the type "sum"',
  ],
  ['a window of nothing', { order: { window: '0s' } }, '$.metrics.order.window: a duration above 0'],
  ['a window that is none', { order: { window: 'x' } }, '$.metrics.order.window: a duration such as'],
  ...['/__sluice', '/__sluice/', '/__sluice/events', '/__sluice/*', '/__sluice/a/*'].map(
    (path): [string, object, string] => [
      `a request to ${path}`,
      { order: { request: { path } } },
      '$.metrics.order.request.path: a path of the site',
    ],
  ),
  ['a cap of nothing', { order: { type: 'sum', cap: 0 } }, '$.metrics.order.cap: a number above 0'],
  [
    'a status that no answer has',
    { order: { request: { path: '/', status: 99 } } },
    '$.metrics.order.request.status: a status such as 200',
  ],
  [
    'too many',
    Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`m${n}`, {}])),
    '$.metrics: at most 20 metrics',
  ],
])('%s is a problem of the metric', (_, metrics, problem) => {
  const found = problemsOf({}, metrics)
  expect(found).toHaveLength(1)
  expect(found[0]).toContain(problem)
})

it.each(['/*', '/__sluices', '/__sluice*', '/a/__sluice/b'])('a request to %s may count', (path) => {
  expect(problemsOf({}, { order: { request: { path } } })).toEqual([])
})

it('warns of metrics that no flag measures', () => {
  const answer = parsed({ ...experiment({}), ...line('tickets', { maxRisePercent: 1 }) })
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems))
  expect(documentWarnings(answer.value).map(({ place, text }) => `${place}: ${text}`)).toEqual([
    '$.metrics.revenue: no flag measures it: name it in "guard.metrics" or "experiment" of a flag',
  ])
  answer.value.flags.f = { ...answer.value.flags.f, guard: undefined } as never
  expect(documentWarnings(answer.value)).toHaveLength(2)
})

it('a metric is another one with another type, direction, request, cap or window, and with nothing else', () => {
  const definitionOf = (metric: object, flag: object = experiment({})) => {
    const answer = parsed(flag, { ...METRICS, order: metric })
    const config = answer.ok ? answer.value : undefined
    const f = config?.flags.f
    return (config && f && compileMeasures(f, config.metrics))?.metrics[0]?.definition
  }
  const request = { path: '/done' }
  const kinds = [
    {},
    { type: 'count' },
    { better: 'lower' },
    { window: '7d' },
    { type: 'sum' },
    { type: 'sum', cap: 5 },
    { request },
    { request: { ...request, status: 201 } },
    { request: { ...request, method: 'POST' } },
    { request: { path: '/done', host: 'a.test' } },
    { request: { path: '/paid' } },
  ]
  const definitions = kinds.map((kind) => definitionOf(kind))
  expect(new Set(definitions).size).toBe(kinds.length)
  expect(definitions).not.toContain(undefined)
  expect(definitionOf({}, line('order', { maxDropPercent: 5 }))).toBe(definitions[0])
  expect(definitionOf({}, line('order', { maxDropPercent: 9, action: 'freeze' }))).toBe(definitions[0])
})
