/** Whether an approval would change anything: one that is given by mistake must not look as if it had. */
import type { FlagControl } from '../config/control.ts'
import type { StagePlan } from './plan.ts'

/** Why the present stage can't be approved; undefined where it asks for approval, or where the command itself refuses. */
export function needlessApproval(stages: readonly StagePlan[], control: FlagControl): string | undefined {
  const present = stages[Math.min(control.stage, stages.length - 1)]
  if (present === undefined || control.rolledBack || present.approval) return undefined
  const asking = stages.slice(control.stage + 1).find(({ approval }) => approval)
  const later = asking === undefined ? 'none after it does' : `the next that does is ${asking.percentage} %`
  return `the stage of ${present.percentage} % asks for no approval; ${later}`
}
