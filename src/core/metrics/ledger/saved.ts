/** How a ledger is stored: a block that says what the others mean, pages of visitors, fingerprints of events, waiting events. */
import type { MetricType } from '../spec.ts'
import type { VariantSummary } from '../summary.ts'

/** A row of storage: at most 64 kB. */
export type Block = { id: number; bytes: Uint8Array }

export const HEAD_BLOCK = 0
export const WAITING_BLOCK = 1
const FIRST_ID_BLOCK = 100
const FIRST_PAGE = 1_000

export const idBlock = (number: number) => FIRST_ID_BLOCK + number
export const pageBlock = (page: number) => FIRST_PAGE + page

/** The numbers of blocks of one kind, in order, with their bytes. */
export function pagesOf(blocks: ReadonlyMap<number, Uint8Array>): (readonly [number, Uint8Array])[] {
  return inOrder(blocks, FIRST_PAGE, Number.POSITIVE_INFINITY)
}

export function idBlocksOf(blocks: ReadonlyMap<number, Uint8Array>): (readonly [number, Uint8Array])[] {
  return inOrder(blocks, FIRST_ID_BLOCK, FIRST_PAGE)
}

function inOrder(blocks: ReadonlyMap<number, Uint8Array>, from: number, to: number) {
  return [...blocks]
    .filter(([id]) => id >= from && id < to)
    .sort(([a], [b]) => a - b)
    .map(([id, bytes]) => [id - from, bytes] as const)
}

/** The first block, as JSON. In form 1 visitors have no group. */
export type Head = {
  form: 1 | 2
  generation: number
  stage: number
  variants: readonly string[]
  /** `since`: the second in which it began; missing: with the ledger. Releases up to 0.2 kept no definition. */
  metrics: readonly { name: string; type: MetricType; definition?: string; since?: number }[]
  caps: Readonly<Record<string, number>>
  size: number
  threshold: number
  sinceMs: number
  mixed: number
  refused: Readonly<Record<string, number>>
  /** Sums of visitors who are no longer followed. */
  left: readonly VariantSummary[]
  currentIds: 0 | 1
}

export function headBytes(head: Head): Uint8Array {
  return utf8(JSON.stringify(head))
}

/** Undefined for none, or one of another form. */
export function readHead(bytes: Uint8Array | undefined): Head | undefined {
  if (bytes === undefined) return undefined
  const head = JSON.parse(fromUtf8(bytes)) as Head
  return head.form === 1 || head.form === 2 ? head : undefined
}

/** core has no TextEncoder: what isn't ASCII is escaped, as JSON allows. */
function utf8(text: string): Uint8Array {
  const escaped = text.replace(
    /[^\x20-\x7e]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return Uint8Array.from(escaped, (sign) => sign.charCodeAt(0))
}

function fromUtf8(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4_096)
    text += String.fromCharCode(...bytes.subarray(at, at + 4_096))
  return text
}
