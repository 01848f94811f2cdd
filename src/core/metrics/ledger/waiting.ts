/** Events whose visitor isn't exposed yet, as their flush overtook that of the exposure. They wait for a day. */
import type { MetricEvent } from '../entries.ts'

/** All of them fit into one block. */
const MOST_WAITING = 2_048
const BYTES = 27
export const LONGEST_WAIT_MS = 86_400_000

/** An event by the numbers of its variant and metric. */
export type WaitingEvent = { variant: number; metric: number } & Pick<
  MetricEvent,
  'position' | 'value' | 'id' | 'atMs'
>

export class Waiting {
  isDirty = false
  /** How many have waited for too long. */
  forgotten = 0
  #byPosition = new Map<number, WaitingEvent[]>()
  #size = 0
  #newestMs = 0

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#size * BYTES
  }

  /** @returns whether there is room for it */
  add(event: WaitingEvent): boolean {
    this.#newestMs = Math.max(this.#newestMs, event.atMs)
    if (this.#size >= MOST_WAITING) this.#forget()
    if (this.#size >= MOST_WAITING) return false
    const known = this.#byPosition.get(event.position)
    if (known) known.push(event)
    else this.#byPosition.set(event.position, [event])
    this.#size++
    this.isDirty = true
    return true
  }

  /** The events of a visitor, who wait no longer. */
  take(position: number): readonly WaitingEvent[] {
    const events = this.#byPosition.get(position)
    if (events === undefined) return []
    this.#byPosition.delete(position)
    this.#size -= events.length
    this.isDirty = true
    return events
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    const view = new DataView(new ArrayBuffer(this.#size * BYTES))
    let at = 0
    for (const { position, variant, metric, value, id, atMs } of [...this.#byPosition.values()].flat()) {
      view.setUint32(at, position, true)
      view.setUint8(at + 4, variant)
      view.setUint16(at + 5, metric, true)
      view.setFloat64(at + 7, value, true)
      view.setUint32(at + 15, id, true)
      view.setFloat64(at + 19, atMs, true)
      at += BYTES
    }
    return new Uint8Array(view.buffer)
  }

  /** @param metricAt the number of a metric that had another one; undefined for one that is gone */
  restore(bytes: Uint8Array, metricAt: (before: number) => number | undefined): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let isSame = true
    for (let at = 0; at + BYTES <= bytes.byteLength; at += BYTES) {
      const before = view.getUint16(at + 5, true)
      const metric = metricAt(before)
      isSame &&= metric === before
      if (metric === undefined) continue
      this.add({
        position: view.getUint32(at, true),
        variant: view.getUint8(at + 4),
        metric,
        value: view.getFloat64(at + 7, true),
        id: view.getUint32(at + 15, true),
        atMs: view.getFloat64(at + 19, true),
      })
    }
    this.isDirty = !isSame
  }

  #forget(): void {
    const oldestMs = this.#newestMs - LONGEST_WAIT_MS
    for (const [position, events] of this.#byPosition) {
      const left = events.filter(({ atMs }) => atMs >= oldestMs)
      this.#size -= events.length - left.length
      this.forgotten += events.length - left.length
      if (left.length === 0) this.#byPosition.delete(position)
      else this.#byPosition.set(position, left)
    }
  }
}
