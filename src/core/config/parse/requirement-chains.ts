import type { FlagConfig } from '../schema/document.ts'
import { MOST_PROBLEMS, type PathKey, type Problem, problem } from './problems.ts'

/** A decision follows requirements recursively; no reader can follow more. */
const LONGEST_CHAIN = 50

/** What each flag requires. */
export type Requiring = Readonly<Record<string, { requires: readonly FlagConfig['requires'][number][] }>>
/** Path of a flag's requirements. */
export type Place = (key: string) => PathKey[]

type Step = { key: string; next: number }

/** Cycles of requirements, and chains that are too long; each is reported once, up to `MOST_PROBLEMS`. */
export function chainProblems(
  flags: Requiring,
  place: Place = (key) => ['flags', key, 'requires'],
): Problem[] {
  /** Flag → length of the longest chain from it. */
  const chains = new Map<string, number>()
  const problems: Problem[] = []
  for (const start of Object.keys(flags)) {
    // An explicit stack: a chain of thousands of flags must not exhaust the call stack.
    const path: Step[] = [{ key: start, next: 0 }]
    const onPath = new Map([[start, 0]])
    while (path.length > 0 && problems.length < MOST_PROBLEMS) {
      const top = path[path.length - 1] as Step
      const required = chains.has(top.key) ? undefined : keyOf(flags[top.key]?.requires[top.next++])
      if (required === undefined) {
        if (!chains.has(top.key)) problems.push(...finish(top.key, flags, chains, place))
        onPath.delete(top.key)
        path.pop()
      } else if (onPath.has(required)) problems.push(ring(path, onPath.get(required) ?? 0, place))
      else if (!chains.has(required) && Object.hasOwn(flags, required)) {
        path.push({ key: required, next: 0 })
        onPath.set(required, path.length - 1)
      }
    }
  }
  return problems
}

function keyOf(requirement: FlagConfig['requires'][number] | undefined): string | undefined {
  return typeof requirement === 'object' ? requirement.flag : requirement
}

function finish(key: string, flags: Requiring, chains: Map<string, number>, place: Place): Problem[] {
  let longest = 0
  for (const required of flags[key]?.requires ?? []) {
    longest = Math.max(longest, chains.get(keyOf(required) ?? '') ?? 0)
  }
  chains.set(key, longest + 1)
  if (longest !== LONGEST_CHAIN) return []
  const found = `a chain of ${longest + 1} flags`
  const expected = `chains of at most ${LONGEST_CHAIN} flags`
  return [{ ...problem(place(key), null, expected, 'require only what the flag itself needs'), found }]
}

/** @param from where in the path the cycle begins */
function ring(path: readonly Step[], from: number, place: Place): Problem {
  const top = path[path.length - 1] as Step
  const keys = path.slice(from, from + LONGEST_CHAIN).map(({ key }) => key)
  const found = [...keys, keys[0]].join(' → ')
  const at = [...place(top.key), top.next - 1]
  return problem(at, found, 'requirements without a cycle', 'remove one of the requirements')
}
