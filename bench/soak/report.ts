import { table } from '../../test-kit/report/emit.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'

export type Counts = { canary: number; control: number; other: number; errors: number }
export type SoakResult = {
  mode: 'quick' | 'full'
  seconds: number
  requests: number
  failed: number
  p50Ms: number
  p99Ms: number
  /** Cores that workerd kept busy. */
  cpuShare: number
  /** Versions of the document that were published meanwhile, and how often that was refused. */
  versions: number
  refusals: number
  /** By the origins' own log, and by the gate. */
  logged: Counts
  counted: Counts
  /** Resident memory of workerd, at even intervals. */
  memoryMegabytes: number[]
}

/** Beyond the first third, in which caches and compiled code fill up. */
const MOST_GROWTH = 1.1
/** A shorter run is over before they are full, and says nothing about growth. */
const SHORTEST_FOR_GROWTH_S = 300

export function isSound(result: SoakResult): boolean {
  return result.failed === 0 && result.refusals === 0 && isExact(result) && isFlat(result)
}

function isExact({ logged, counted, requests }: SoakResult): boolean {
  const isSame = (['canary', 'control', 'other', 'errors'] as const).every(
    (key) => logged[key] === counted[key],
  )
  return isSame && logged.canary + logged.control + logged.other === requests
}

function isFlat(result: SoakResult): boolean {
  const { second, last } = thirds(result)
  return result.seconds < SHORTEST_FOR_GROWTH_S || last <= second * MOST_GROWTH
}

function thirds({ memoryMegabytes: samples }: SoakResult): { first: number; second: number; last: number } {
  const size = Math.max(1, Math.floor(samples.length / 3))
  const median = (values: readonly number[]) => percentile(values, 0.5)
  return {
    first: median(samples.slice(0, size)),
    second: median(samples.slice(size, -size)),
    last: median(samples.slice(-size)),
  }
}

export function toMarkdown(result: SoakResult): string {
  const { seconds, requests, failed, p50Ms, p99Ms, cpuShare, versions, refusals, logged, counted } = result
  const { first, second, last } = thirds(result)
  const number = (value: number) => Math.round(value).toLocaleString('en')
  const length = seconds < 120 ? `${Math.round(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`
  const perSecond = `${number(requests / seconds)} a second, ${cpuShare.toFixed(2)} cores of workerd`
  return [
    table(
      ['in', length],
      [
        ['requests', `${number(requests)} (${perSecond})`],
        ['failed', number(failed)],
        ['latency, p50 and p99', `${p50Ms} ms, ${p99Ms} ms`],
        ['versions of the document published, refused', `${number(versions)}, ${number(refusals)}`],
        ['canary: by the origins, by the gate', `${number(logged.canary)}, ${number(counted.canary)}`],
        ['control: by the origins, by the gate', `${number(logged.control)}, ${number(counted.control)}`],
        ['requests lost or counted twice', `${number(missing(logged, counted))}`],
        [
          'memory of workerd, medians of the thirds',
          [first, second, last].map((each) => `${number(each)} MB`).join(', '),
        ],
      ],
    ),
  ].join('\n')
}

function missing(logged: Counts, counted: Counts): number {
  return (['canary', 'control', 'other', 'errors'] as const).reduce(
    (sum, key) => sum + Math.abs(logged[key] - counted[key]),
    0,
  )
}
