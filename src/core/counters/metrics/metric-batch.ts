/**
 * Exposures and events of metrics on their way to the Controller: what one sender has gathered since its last batch.
 * A batch carries positions in a split, and neither ids nor addresses.
 */
import type { Exposure, MetricEvent } from '../../metrics/entries.ts'

/** An event as it travels: name of the metric, position, time in ms since 1970, value, hash of the idempotency key or 0. */
export type SentEvent = [metric: string, position: number, atMs: number, value: number, id: number]

/** What was seen of one variant at a stage of a flag's attempt. */
export type MetricGroup = {
  flag: string
  generation: number
  stage: number
  variant: string
  /** Position and time of each visitor, one after the other. */
  exposed: number[]
  /** The group of networks of each; missing: of none. */
  networks?: number[]
  events: SentEvent[]
}

/** So many exposures or events of a flag did not count, for a reason. */
export type Refusal = [flag: string, reason: string, count: number]

export type MetricBatch = {
  groups: MetricGroup[]
  refused?: Refusal[]
}

/** Exposures and events that wait at most; what comes on top counts as lost. A flush of so many is about 400 kB. */
export const MOST_WAITING = 10_000
/** The reason under which exposures and events count that found no room. */
export const LOST = 'lost'
const EXPOSURE_LENGTH = 2

type OpenGroup = MetricGroup & { networks: number[] }

/** The exposures of a group, one by one. */
export function exposuresOf({ exposed, networks, events: _, ...key }: MetricGroup): Exposure[] {
  const exposures: Exposure[] = []
  for (let at = 0; at < exposed.length; at += EXPOSURE_LENGTH)
    exposures.push({
      ...key,
      position: exposed[at] ?? 0,
      atMs: exposed[at + 1] ?? 0,
      group: networks?.[at / EXPOSURE_LENGTH] ?? 0,
    })
  return exposures
}

export class MetricBuffer {
  readonly #groups = new Map<string, OpenGroup>()
  readonly #refused = new Map<string, Refusal>()
  #size = 0
  #isEmpty = true

  get isEmpty(): boolean {
    return this.#isEmpty
  }

  /** Takes a visitor's exposure; false where there is no room, which is counted. */
  expose(seen: Exposure): boolean {
    if (!this.#hasRoom(seen.flag)) return false
    const group = this.#groupOf(seen)
    group.exposed.push(seen.position, seen.atMs)
    group.networks.push(seen.group ?? 0)
    return true
  }

  record(event: MetricEvent): void {
    if (!this.#hasRoom(event.flag)) return
    const { metric, position, atMs, value, id } = event
    this.#groupOf(event).events.push([metric, position, atMs, value, id])
  }

  /** Counts what does not count. */
  refuse(flag: string, reason: string, count = 1): void {
    this.#isEmpty = false
    const key = `${flag} ${reason}`
    const known = this.#refused.get(key)
    if (known === undefined) this.#refused.set(key, [flag, reason, count])
    else known[2] += count
  }

  /** Takes back a batch that its receiver could not read. */
  restore({ groups, refused = [] }: MetricBatch): void {
    for (const group of groups) {
      const { exposed: _, networks: __, events, ...key } = group
      for (const exposure of exposuresOf(group)) this.expose(exposure)
      for (const [metric, position, atMs, value, id] of events)
        this.record({ ...key, position, atMs, metric, value, id })
    }
    for (const refusal of refused) this.refuse(...refusal)
  }

  /** All there is, as it would be taken; undefined for nothing. */
  peek(): MetricBatch | undefined {
    if (this.#isEmpty) return undefined
    return {
      groups: [...this.#groups.values()],
      ...(this.#refused.size > 0 && { refused: [...this.#refused.values()] }),
    }
  }

  /** Hands over everything, and begins anew. */
  take(): MetricBatch | undefined {
    const batch = this.peek()
    this.#groups.clear()
    this.#refused.clear()
    this.#size = 0
    this.#isEmpty = true
    return batch
  }

  #hasRoom(flag: string): boolean {
    this.#isEmpty = false
    if (this.#size >= MOST_WAITING) {
      this.refuse(flag, LOST)
      return false
    }
    this.#size++
    return true
  }

  #groupOf({ flag, generation, stage, variant }: Omit<Exposure, 'group'>): OpenGroup {
    const key = `${flag} ${generation} ${stage} ${variant}`
    const known = this.#groups.get(key)
    if (known !== undefined) return known
    const group: OpenGroup = { flag, generation, stage, variant, exposed: [], networks: [], events: [] }
    this.#groups.set(key, group)
    return group
  }
}

/** How many exposures and events a batch holds. */
export function sizeOf({ groups }: MetricBatch): number {
  return groups.reduce(
    (sum, { exposed, events }) => sum + exposed.length / EXPOSURE_LENGTH + events.length,
    0,
  )
}

/** What is left of a batch that finds no room: how much of it was lost, by flag. */
export function lossOf({ groups, refused = [] }: MetricBatch): MetricBatch {
  const lost = groups.map((group): Refusal => [group.flag, LOST, sizeOf({ groups: [group] })])
  return { groups: [], refused: [...refused, ...lost] }
}
