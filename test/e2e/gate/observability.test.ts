/** examples/observability: what its rules and its dashboard ask for is what a live gate serves. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, startGate } from '../harness/running-gate.ts'

const file = (name: string) =>
  readFileSync(new URL(`../../../examples/observability/${name}`, import.meta.url), 'utf8')
const alerts = file('alerts.yml')
type Panel = { title: string; targets: { expr: string }[] }
const dashboard = JSON.parse(file('dashboard.json')) as {
  panels: Panel[]
  templating: { list: { query: string }[] }
}

type Series = { name: string; labels: Record<string, string> }

/** The series of a text in Prometheus's format, and the names that it describes. */
function parseMetrics(text: string): { names: Set<string>; series: Series[] } {
  const names = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name))
  const series = [...text.matchAll(/^(sluice_\w+)(?:\{(.*)\})? \S+$/gm)].map(
    ([, name = '', labels = '']) => ({
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
      ),
    }),
  )
  return { names, series }
}

/** The selectors of a query, with the values of the dashboard's variables put in. */
function selectorsOf(query: string): { name: string; matchers: [string, RegExp][] }[] {
  return [...query.matchAll(/(sluice_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', matchers = '']) => ({
    name,
    matchers: [...matchers.matchAll(/(\w+)=(~?)"([^"]*)"/g)].map(([, label = '', , value = '']) => [
      label,
      new RegExp(`^(?:${value.replaceAll('$flag', '.*')})$`),
    ]),
  }))
}

const rules = alerts.split(/^ {6}- alert: /m).slice(1)
const expressions = rules.map((rule) => JSON.parse(/^ {8}expr: (.*)$/m.exec(rule)?.[1] ?? '""') as string)
const queries = [
  ...expressions,
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
]

let gate: Gate
let origin: Origin
let served: ReturnType<typeof parseMetrics>

beforeAll(async () => {
  origin = await startOrigin('old')
  const flag = { variants: { on: true, off: false }, off: 'off' }
  const stages = [{ percentage: 50, bake: '1h' }, { percentage: 100 }]
  gate = await startGate({
    document: {
      origins: { old: { url: origin.url } },
      routes: [{ path: '/*', flag: 'shop', origins: { on: 'old', off: 'old' } }],
      flags: { shop: { ...flag, rules: [{ serve: 'on', stages }], guard: {} } },
    },
  })
  for (let visit = 0; visit < 40; visit++) await gate.get('/')
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  const read = async () =>
    parseMetrics(await (await fetch(`${gate.url}/__sluice/metrics`, { headers })).text())
  const looked = ['sluice_guard_wealth', 'sluice_requests_total', 'sluice_isolates']
  await eventually('the guard has looked at visits', async () => {
    served = await read()
    return looked.every((name) => served.series.some((each) => each.name === name))
  })
})
afterAll(async () => {
  await gate?.close()
  await origin?.close()
})

describe('observability', () => {
  it.each(queries)('the gate serves what this asks for: %s', (query) => {
    const selectors = selectorsOf(query)
    expect(selectors.length).toBeGreaterThan(0)
    for (const { name, matchers } of selectors) {
      expect(served.names).toContain(name)
      const series = served.series.filter((each) => each.name === name)
      // In a healthy gate there are none.
      if (['sluice_internal_errors_total', 'sluice_alert'].includes(name)) continue
      const found = series.filter(({ labels }) =>
        matchers.every(([label, value]) => value.test(labels[label] ?? '')),
      )
      expect(found.length, name).toBeGreaterThan(0)
    }
  })

  it('rules and dashboard ask for all that operations.md says to alert on', () => {
    const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')
    const advice = /^Alert on: [\s\S]*?\n(?=Webhooks)/m.exec(page)?.[0] ?? ''
    const named = [...advice.matchAll(/`(sluice_\w+)`/g)].map(([, name = '']) => name)
    expect(named).toEqual(expect.arrayContaining(['sluice_alert', 'sluice_flag_needs_operator']))
    const [alerting, shown] = [expressions.join(' '), queries.slice(expressions.length).join(' ')]
    for (const name of named) expect(alerting).toContain(name)
    for (const name of ['sluice_alert', 'sluice_flag_needs_operator']) expect(shown).toContain(name)
  })

  it('groups by labels that the series have', () => {
    for (const query of queries)
      for (const [, labels = ''] of query.matchAll(/by \(([^)]*)\)/g)) {
        const [{ name } = { name: '' }] = selectorsOf(query)
        const series = served.series.find((each) => each.name === name)
        if (series === undefined) continue
        expect(Object.keys(series.labels)).toEqual(expect.arrayContaining(labels.split(/, */)))
      }
  })

  it('each rule has a name, an expression, a time, a severity and a text', () => {
    expect(rules.length).toBeGreaterThan(5)
    expect(new Set(rules.map((rule) => rule.split('\n', 1)[0])).size).toBe(rules.length)
    for (const rule of rules)
      expect(rule).toMatch(
        /^Sluice\w+\n {8}expr: ".*"\n {8}for: \d+[mh]\n {8}labels:\n {10}severity: (page|ticket)\n {8}annotations:\n {10}summary: ".+"\n {10}description: ".+"\n$/,
      )
  })

  it('the dashboard offers the flags of the gate', () => {
    expect(dashboard.templating.list.map(({ query }) => query)).toEqual([
      'prometheus',
      'label_values(sluice_flag_percentage, flag)',
    ])
  })
})
