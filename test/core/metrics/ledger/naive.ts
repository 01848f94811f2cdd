/** The same as the ledger, literally: a map of visitors with lists of what they did. */
import type { Exposure, MetricEvent } from '../../../../src/core/metrics/entries.ts'
import type { LedgerSpec } from '../../../../src/core/metrics/ledger/ledger.ts'

type Visitor = {
  variant: string
  second: number
  group: number
  mixed: boolean
  values: Map<string, number>
  ids: Set<string>
}

export class NaiveLedger {
  readonly visitors = new Map<number, Visitor>()
  readonly #waiting: MetricEvent[] = []
  readonly #spec: LedgerSpec

  constructor(spec: LedgerSpec) {
    this.#spec = spec
  }

  expose(exposure: Exposure): void {
    if (this.#isForeign(exposure)) return
    const { position, variant, atMs, group = 0 } = exposure
    const second = Math.floor(atMs / 1_000)
    const known = this.visitors.get(position)
    if (known === undefined) {
      this.visitors.set(position, { variant, second, group, mixed: false, values: new Map(), ids: new Set() })
      const ready = this.#waiting.filter((event) => event.position === position)
      for (const event of ready) {
        this.#waiting.splice(this.#waiting.indexOf(event), 1)
        this.record(event)
      }
      return
    }
    if (known.variant !== variant) known.mixed = true
    else if (!known.mixed && second < known.second) Object.assign(known, { second, group })
  }

  record(event: MetricEvent): void {
    const metric = this.#spec.metrics.find(({ name }) => name === event.metric)
    if (this.#isForeign(event) || metric === undefined) return
    const visitor = this.visitors.get(event.position)
    if (visitor === undefined) {
      this.#waiting.push(event)
      return
    }
    if (visitor.variant !== event.variant) visitor.mixed = true
    if (visitor.mixed) return
    const exposedMs = visitor.second * 1_000
    const untilMs = exposedMs + 1_000 + (metric.windowMs ?? Number.POSITIVE_INFINITY)
    if (event.atMs < exposedMs - 300_000 || event.atMs >= untilMs) return
    const id = `${event.metric} ${event.id}`
    if (event.id !== 0 && visitor.ids.has(id)) return
    visitor.ids.add(id)
    const before = visitor.values.get(metric.name) ?? 0
    const after = metric.type === 'conversion' ? 1 : before + (metric.type === 'count' ? 1 : event.value)
    visitor.values.set(metric.name, after)
  }

  /** As `summaries().variants` of the ledger, of all groups of networks or of one. */
  variants(caps: readonly (number | null)[] = [], group?: number) {
    return this.#spec.variants.map((variant) => {
      const own = [...this.visitors.values()].filter(
        (each) => each.variant === variant && !each.mixed && (group === undefined || each.group === group),
      )
      return {
        variant,
        visitors: own.length,
        metrics: this.#spec.metrics.map(({ name }, at) => {
          const values = own.map(({ values: all }) => Math.min(all.get(name) ?? 0, caps[at] ?? Infinity))
          return {
            nonzero: values.filter((value) => value > 0).length,
            sum: values.reduce((sum, value) => sum + value, 0),
            sumOfSquares: values.reduce((sum, value) => sum + value * value, 0),
          }
        }),
      }
    })
  }

  get mixed(): number {
    return [...this.visitors.values()].filter(({ mixed }) => mixed).length
  }

  #isForeign({ generation, stage, variant }: Exposure): boolean {
    const { spec } = { spec: this.#spec }
    return generation !== spec.generation || stage !== spec.stage || !spec.variants.includes(variant)
  }
}
