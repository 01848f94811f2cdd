/**
 * Paired evidence: a failed request that may be asked twice is asked at the other origin as well, in both arms. Where
 * that one fails too, the failure is shared and says nothing about either origin.
 */
import type { PairedAs } from '../outcome/outcome.ts'
import { addSlot } from './slots.ts'

export type Pairing = {
  /** Distinct failure marks (slot and group of the network); bounded as `erroredBuckets` is. */
  discordant: number[]
  unpaired: number[]
  unasked: number[]
  /** Requests. */
  sharedFailures: number
  unaskedFailures: number
  /** Requests that were repeated at the other origin in the background, for the comparison alone. */
  questions: number
}

/** A cell, as far as pairing is concerned. */
type PairedCell = { pairing?: Pairing; erroredBuckets: number[] }

/** Reads the counts of a cell; senders of protocol 1 paired nothing, and all of their failures were evidence. */
export function pairingOf({ pairing, erroredBuckets }: PairedCell): Pairing {
  return pairing ?? { ...noPairing(), discordant: [...erroredBuckets] }
}

function noPairing(): Pairing {
  return { discordant: [], unpaired: [], unasked: [], sharedFailures: 0, unaskedFailures: 0, questions: 0 }
}

/**
 * Counts a visitor's failure, in place; whether the mark is new in the list of these failures. To be called before
 * `erroredBuckets` has the slot.
 *
 * @param mark from `failureMark`
 */
export function countPaired(cell: PairedCell, as: PairedAs, mark: number): boolean {
  cell.pairing ??= pairingOf(cell)
  if (as === 'unasked') cell.pairing.unaskedFailures++
  if (as !== 'shared') return addSlot(cell.pairing[as], mark)
  cell.pairing.sharedFailures++
  return false
}

/** Counts a request that is repeated in the background, in place. */
export function countQuestion(cell: PairedCell): void {
  cell.pairing ??= pairingOf(cell)
  cell.pairing.questions++
}

/** Adds the counts of `source` to those of `target`, in place. To be called before `erroredBuckets` are merged. */
export function mergePairing(target: PairedCell, source: PairedCell): void {
  if (target.pairing === undefined && source.pairing === undefined) return
  target.pairing ??= pairingOf(target)
  const { discordant, unpaired, unasked, sharedFailures, unaskedFailures, questions } = pairingOf(source)
  for (const slot of discordant) addSlot(target.pairing.discordant, slot)
  for (const slot of unpaired) addSlot(target.pairing.unpaired, slot)
  for (const slot of unasked) addSlot(target.pairing.unasked, slot)
  target.pairing.sharedFailures += sharedFailures
  target.pairing.unaskedFailures += unaskedFailures
  target.pairing.questions += questions
}
