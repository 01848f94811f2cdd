/**
 * Idempotency keys of events that have counted, as fingerprints of 53 bits: with all of them in use, one event in 10¹⁰
 * is taken for another one. Two generations of them: once the younger is full, the older is forgotten, so the last
 * 131,072 are known at least.
 */
import { mix32 } from './mix.ts'

const MOST_IDS = 131_072
/** Of 8 bytes each: 64 kB. */
const PER_BLOCK = 8_192
export const BLOCKS_PER_GENERATION = MOST_IDS / PER_BLOCK
const SMALLEST_TABLE = 256

/** In order of arrival, with a table to find them by. */
type Generation = { list: Float64Array<ArrayBuffer>; size: number; table: Float64Array<ArrayBuffer> }

const emptyGeneration = (): Generation => ({
  list: new Float64Array(SMALLEST_TABLE / 2),
  size: 0,
  table: new Float64Array(SMALLEST_TABLE),
})

export class SeenIds {
  /** Numbers of blocks: those of the second generation come after those of the first. */
  readonly dirtyBlocks = new Set<number>()
  /** Which of the two is the younger. */
  #current: 0 | 1 = 0
  #generations: [Generation, Generation] = [emptyGeneration(), emptyGeneration()]

  get current(): 0 | 1 {
    return this.#current
  }

  get bytes(): number {
    return this.#generations.reduce((sum, { list, table }) => sum + list.byteLength + table.byteLength, 0)
  }

  has(fingerprint: number): boolean {
    return this.#generations.some((generation) => generation.table[placeOf(generation, fingerprint)] !== 0)
  }

  add(fingerprint: number): void {
    if (this.#generations[this.#current].size === MOST_IDS) this.#turn()
    const generation = this.#generations[this.#current]
    const block = Math.floor(generation.size / PER_BLOCK)
    append(generation, fingerprint)
    this.dirtyBlocks.add(this.#current * BLOCKS_PER_GENERATION + block)
  }

  blockBytes(block: number): Uint8Array<ArrayBuffer> {
    const { list, size } = this.#generations[block < BLOCKS_PER_GENERATION ? 0 : 1]
    const from = (block % BLOCKS_PER_GENERATION) * PER_BLOCK
    return new Uint8Array(list.slice(from, Math.max(from, Math.min(size, from + PER_BLOCK))).buffer)
  }

  /** Takes what was stored; blocks in their order. */
  restore(blocks: readonly (readonly [number, Uint8Array])[], current: 0 | 1): void {
    this.#current = current
    for (const [block, bytes] of blocks) {
      const copy = new Float64Array(bytes.slice().buffer)
      for (const fingerprint of copy)
        append(this.#generations[block < BLOCKS_PER_GENERATION ? 0 : 1], fingerprint)
    }
  }

  #turn(): void {
    this.#current = this.#current === 0 ? 1 : 0
    const forgotten = this.#generations[this.#current].size
    this.#generations[this.#current] = emptyGeneration()
    // What is stored of them must go as well.
    for (let block = 0; block * PER_BLOCK < forgotten; block++)
      this.dirtyBlocks.add(this.#current * BLOCKS_PER_GENERATION + block)
  }
}

/** Never 0, which is an empty place. */
export function fingerprintOf(position: number, metric: number, id: number): number {
  const low = mix32(mix32(mix32(position) ^ metric) ^ id)
  const high = mix32(mix32(mix32(id ^ 0x9e3779b9) ^ position) ^ (metric + 0x7f4a7c15)) & 0x1fffff
  return high * 2 ** 32 + low || 1
}

function append(generation: Generation, fingerprint: number): void {
  if (generation.size === generation.list.length) {
    const list = new Float64Array(2 * generation.list.length)
    list.set(generation.list)
    generation.list = list
    generation.table = new Float64Array(4 * generation.size)
    for (const each of list.subarray(0, generation.size)) generation.table[placeOf(generation, each)] = each
  }
  generation.list[generation.size++] = fingerprint
  generation.table[placeOf(generation, fingerprint)] = fingerprint
}

/** Where a fingerprint is in the table, or would be. */
function placeOf({ table }: Generation, fingerprint: number): number {
  const mask = table.length - 1
  let at = mix32(fingerprint % 2 ** 32) & mask
  while (table[at] !== 0 && table[at] !== fingerprint) at = (at + 1) & mask
  return at
}
