import type { FlagConfig } from '../schema/document.ts'
import { type PathKey, type Problem, problem } from './problems.ts'

/** A decision follows requirements recursively; no reader can follow more. */
const LONGEST_CHAIN = 50

/** What each flag requires. */
export type Requiring = Readonly<Record<string, { requires: readonly FlagConfig['requires'][number][] }>>
/** Path of a flag's requirements. */
export type Place = (key: string) => PathKey[]

type Step = { key: string; next: number }

/** Cycles of requirements, and chains that are too long; each is reported once. */
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
    const onPath = new Set([start])
    while (path.length > 0) {
      const top = path[path.length - 1] as Step
      const required = chains.has(top.key) ? undefined : keyOf(flags[top.key]?.requires[top.next++])
      if (required === undefined) {
        if (!chains.has(top.key)) problems.push(...finish(top.key, flags, chains, place))
        onPath.delete(top.key)
        path.pop()
      } else if (onPath.has(required)) problems.push(ring(path, required, place))
      else if (!chains.has(required) && Object.hasOwn(flags, required)) {
        path.push({ key: required, next: 0 })
        onPath.add(required)
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

function ring(path: readonly Step[], again: string, place: Place): Problem {
  const top = path[path.length - 1] as Step
  const keys = path.map((step) => step.key)
  const found = [...keys.slice(keys.indexOf(again)), again].join(' → ')
  const at = [...place(top.key), top.next - 1]
  return problem(at, found, 'requirements without a cycle', 'remove one of the requirements')
}
