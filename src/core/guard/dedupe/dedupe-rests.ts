/** Rests of slots by the second in which they end, counted without visiting each slot. */

/** Slots per arm whose rest ends at `dueS`. */
type Rests = { dueS: number; canary: number; control: number }

/** `ending` is sorted by `dueS`; the sums are those of `ending`. */
export type RestQueue = { ending: readonly Rests[]; canary: number; control: number }

export const NO_RESTS: RestQueue = { ending: [], canary: 0, control: 0 }

/** A queue in progress, which owns its array. */
export type RestDraft = { ending: Rests[]; canary: number; control: number }

/** A copy without rests that ended by `nowS`. */
export function resting(queue: RestQueue, nowS: number): RestDraft {
  let { canary, control } = queue
  let over = 0
  for (let rests = queue.ending[0]; rests !== undefined && rests.dueS <= nowS; rests = queue.ending[++over]) {
    canary -= rests.canary
    control -= rests.control
  }
  return { ending: queue.ending.slice(over), canary, control }
}

/** Adds a slot's rest, or removes it (`by` −1), in place. */
export function addRest(draft: RestDraft, dueS: number, isCanary: boolean, by: 1 | -1): void {
  const canary = isCanary ? by : 0
  const control = isCanary ? 0 : by
  draft.canary += canary
  draft.control += control
  const at = firstNotBefore(draft.ending, dueS)
  const old = draft.ending[at]
  if (old?.dueS !== dueS) draft.ending.splice(at, 0, { dueS, canary, control })
  else if (old.canary + canary + old.control + control === 0) draft.ending.splice(at, 1)
  else draft.ending[at] = { dueS, canary: old.canary + canary, control: old.control + control }
}

function firstNotBefore(ending: readonly Rests[], dueS: number): number {
  let low = 0
  let high = ending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ending[middle]?.dueS ?? 0) < dueS) low = middle + 1
    else high = middle
  }
  return low
}
