/** A team's own rules for flags: how keys look, and what each flag must say of itself. */
import { compileOperator } from '../../flags/operators.ts'
import type { GateDocument } from '../schema/document.ts'
import { type Problem, problem } from './problems.ts'

/** Flags that break the rules, and a pattern that is none. */
export function governanceProblems({ governance, flags }: GateDocument): Problem[] {
  const { keys = '.*', required } = governance
  const pattern = compileOperator('matches', [`^(?:${keys})$`])
  if ('problem' in pattern) {
    const { expected, fix } = pattern.problem
    return [problem(['governance', 'keys'], keys, expected, fix)]
  }
  return Object.entries(flags).flatMap(([key, flag]) => [
    ...(pattern.predicate(key)
      ? []
      : [problem(['flags', key], key, `a key that matches ${keys} (governance)`, 'rename the flag')]),
    ...required
      .filter((name) => !flag[name]?.trim())
      .map((name) =>
        problem(['flags', key, name], flag[name], `the ${name} of each flag (governance)`, 'add it'),
      ),
  ])
}
