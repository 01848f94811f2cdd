import { table } from '../support/emit.ts'
import type { MonthlyCost } from './prices.ts'

export type Size = { requestsPerSecond: number; colos: number; isolates: number }

export type Outcome = Size & {
  fault: string
  objectRequestsPerSecond: number
  perMillion: number
  shards: number
  busiestShard: number
  busiestShardEver: number
  controller: number
  controllerEver: number
  killP50Ms: number
  killP99Ms: number
  killSlowestMs: number
  /** Of the requests that isolates counted, how many the Controller's books lack. Less than none: counted twice. */
  lost: number
  cost: MonthlyCost
}

export type ScaleResult = { mode: string; outcomes: Outcome[] }

export function toMarkdown({ outcomes }: ScaleResult): string {
  const healthy = outcomes.filter(({ fault }) => fault === 'none')
  const faulty = outcomes.filter(({ fault }) => fault !== 'none')
  return [loadTable(healthy), costTable(healthy), ...(faulty.length > 0 ? [faultTable(faulty)] : [])].join(
    '\n\n',
  )
}

const whole = (value: number) => Math.round(value).toLocaleString('en')
const inMs = (values: readonly number[]) => values.map((value) => `${whole(value)} ms`)

function loadTable(outcomes: readonly Outcome[]): string {
  const head = [
    'requests/s',
    'colos',
    'isolates',
    'shards',
    'object requests/s',
    'per million',
    'busiest shard',
  ]
  const rows = outcomes.map((each) => [
    ...[each.requestsPerSecond, each.colos, each.isolates, each.shards].map(whole),
    ...[each.objectRequestsPerSecond, each.perMillion, each.busiestShard, each.controller].map(whole),
    ...inMs([each.killP50Ms, each.killP99Ms, each.killSlowestMs]),
  ])
  return table([...head, 'Controller', 'kill p50', 'p99', 'slowest'], rows)
}

function costTable(outcomes: readonly Outcome[]): string {
  const head = [
    'requests/s',
    'traffic itself',
    'object requests',
    'rows written',
    'object time',
    'counting adds',
  ]
  const rows = outcomes.map(({ requestsPerSecond, cost }) => {
    const parts = [cost.traffic, cost.objectRequests, cost.rowsWritten, cost.objectTime]
    const added = (cost.objectRequests + cost.rowsWritten + cost.objectTime) / cost.traffic
    return [
      whole(requestsPerSecond),
      ...parts.map((sum) => `$${whole(sum)}`),
      `${(100 * added).toFixed(1)} %`,
    ]
  })
  return table(head, rows)
}

function faultTable(outcomes: readonly Outcome[]): string {
  const head = [
    'fault',
    'kill p50',
    'p99',
    'slowest',
    'busiest shard',
    'Controller',
    'requests lost from the books',
  ]
  const rows = outcomes.map((each) => [
    each.fault,
    ...inMs([each.killP50Ms, each.killP99Ms, each.killSlowestMs]),
    ...[each.busiestShardEver, each.controllerEver, each.lost].map(whole),
  ])
  return table(head, rows)
}
