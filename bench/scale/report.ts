import type { AdaptationPoint, Outcome } from '../../test-kit/network/measure.ts'
import { table } from '../../test-kit/report/emit.ts'
import type { MemoryFigures } from './memory.ts'

export type ScaleResult = {
  mode: string
  outcomes: Outcome[]
  adaptation: AdaptationPoint[]
  memory: MemoryFigures
  /** What the simulation took. */
  seconds: number
}

export const isHealthy = ({ fault }: Outcome) => fault === 'none'

export function toMarkdown(result: ScaleResult): string {
  const healthy = result.outcomes.filter(isHealthy)
  return [
    loadTable(healthy),
    killTable(healthy),
    costTable(healthy),
    faultTable(result),
    memoryText(result),
  ].join('\n\n')
}

const whole = (value: number) => (Number.isFinite(value) ? Math.round(value).toLocaleString('en') : 'never')
const ms = (value: number) => (Number.isFinite(value) ? `${whole(value)} ms` : 'never')
const dollars = (value: number) => `$${value < 10 ? value.toFixed(2) : whole(value)}`

export function loadTable(outcomes: readonly Outcome[]): string {
  const head = ['requests/s', 'colos', 'isolates', 'shards', 'object requests/s', 'per million proxied']
  const rows = outcomes.map((each) =>
    [
      ...[each.requestsPerSecond, each.colos, each.isolates, each.shards],
      ...[each.objectRequestsPerSecond, each.perMillion, each.busiestShard, each.controller],
    ].map(whole),
  )
  return table([...head, 'busiest shard', 'Controller'], rows)
}

export function killTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((each) => [
    whole(each.requestsPerSecond),
    ...[each.killP50Ms, each.killP99Ms, each.killSlowestMs].map(ms),
    whole(each.lost),
  ])
  return table(
    ['requests/s', 'half of the isolates', '99 %', 'the last one', 'requests lost from the books'],
    rows,
  )
}

export function costTable(outcomes: readonly Outcome[]): string {
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
    return [whole(requestsPerSecond), ...parts.map(dollars), `${(100 * added).toFixed(1)} %`]
  })
  return table(head, rows)
}

export function faultTable({ outcomes }: ScaleResult): string {
  const head = ['fault', 'half of the isolates', '99 %', 'the last one', 'busiest shard', 'Controller']
  const rows = outcomes
    .filter((each) => !isHealthy(each))
    .map((each) => [
      each.fault,
      ...[each.killP50Ms, each.killP99Ms, each.killSlowestMs].map(ms),
      ...[each.busiestShardEver, each.controllerEver, each.lost].map(whole),
    ])
  return table([...head, 'requests lost from the books'], rows)
}

export function memoryText({ memory }: ScaleResult): string {
  const { isolateBytes, shardBytes, storedRowBytes, flags } = memory
  const kB = (bytes: number) => `${(bytes / 1e3).toFixed(0)} kB`
  return `With ${flags} flags that have traffic in both arms, an isolate gathers ${kB(isolateBytes)} between two flushes, and a shard with 200 isolates holds ${(shardBytes / 1e6).toFixed(1)} MB. The row that a flush writes has ${kB(storedRowBytes)}.`
}
