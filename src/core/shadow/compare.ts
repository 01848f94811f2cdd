/**
 * Three answers to one request: control's first, the canary's, and control's second one. What control doesn't agree about with itself is noise.
 */
import type { Fields } from './answer.ts'

/** A field in which two answers differ, with the first values that only one of them has. */
export type Difference = { field: string; control: string; canary: string }

/** What one request says of a route; names of fields. */
export type Comparison = {
  route: string
  /** Only the canary differs from control's first answer. */
  canaryOnly: readonly string[]
  /** Only control's second answer does. */
  controlOnly: readonly string[]
  /** Both do. */
  both: readonly string[]
}

export const ABSENT = '(absent)'

/** Where the values decide which fields there are, only these are compared. */
const DECIDING = ['status', 'header content-type']

/** The fields in which two answers differ. Those of different kinds differ in what makes them so. */
export function differences(control: Fields, canary: Fields): Difference[] {
  for (const field of DECIDING)
    if (!same(control.get(field), canary.get(field))) return [differenceIn(field, control, canary)]
  const found: Difference[] = []
  for (const field of control.keys())
    if (!same(control.get(field), canary.get(field))) found.push(differenceIn(field, control, canary))
  for (const field of canary.keys()) if (!control.has(field)) found.push(differenceIn(field, control, canary))
  return found
}

/** Compares the canary's answer, and control's second one, with the first. */
export function compareAnswers(
  route: string,
  { first, canary, again }: { first: Fields; canary: Fields; again: Fields },
  ignored: ReadonlySet<string> = NOTHING,
): Comparison {
  const isCounted = ({ field }: Difference) => !ignored.has(field) && !ignored.has(`${route} ${field}`)
  const byCanary = new Set(
    differences(first, canary)
      .filter(isCounted)
      .map(({ field }) => field),
  )
  const byControl = new Set(
    differences(first, again)
      .filter(isCounted)
      .map(({ field }) => field),
  )
  return {
    route,
    canaryOnly: [...byCanary].filter((field) => !byControl.has(field)),
    controlOnly: [...byControl].filter((field) => !byCanary.has(field)),
    both: [...byCanary].filter((field) => byControl.has(field)),
  }
}

const NOTHING: ReadonlySet<string> = new Set()

function differenceIn(field: string, control: Fields, canary: Fields): Difference {
  const [ours, theirs] = [control.get(field), canary.get(field)]
  return { field, control: firstBeside(ours, theirs), canary: firstBeside(theirs, ours) }
}

/** The first value that the others don't have; where there is none, how many there are. */
function firstBeside(values: readonly string[] | undefined, others: readonly string[] = []): string {
  if (values === undefined) return ABSENT
  const rest = [...others]
  for (const value of values) {
    const at = rest.indexOf(value)
    if (at < 0) return value
    rest.splice(at, 1)
  }
  return `${values.length} ${values.length === 1 ? 'value' : 'values'}`
}

function same(one: readonly string[] | undefined, two: readonly string[] | undefined): boolean {
  return one?.length === two?.length && (one ?? []).every((value, index) => value === two?.[index])
}
