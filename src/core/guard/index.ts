/** The guard's public interface. */

export type { ArmTick } from '../counters/ticks.ts'
export {
  type BeforeAfterState,
  type FlagTraffic,
  restoreBeforeAfter,
} from './before-after/before-after.ts'
export { judgeBeforeAfter, type MetricLook } from './before-after/judge.ts'
export { canarySlotCount, VISITOR_SLOTS } from './dedupe/dedupe.ts'
export { type RatioBand, ratioBands } from './evidence/band.ts'
export type { Counts } from './evidence/formula.ts'
export { type Judged, NOTHING_JUDGED } from './evidence/judged.ts'
export type { GuardOptions, GuardSettings, StageRequirements } from './evidence/settings.ts'
export {
  DEFAULT_GUARD_SETTINGS,
  judgesNothing,
  resolveGuardSettings,
  showsNothing,
} from './evidence/settings.ts'
export type {
  BeforeAfterFigures,
  Evidence,
  GuardTick,
  Judgement,
  Trigger,
  Verdict,
  VerdictReport,
} from './evidence/types.ts'
export { stepGuard } from './guard.ts'
export type { GuardState } from './tests/guard-state.ts'
export { initialGuardState } from './tests/guard-state.ts'
export { restoreGuardState } from './tests/migrate.ts'
export { type GuardLine, type GuardLines, guardLines } from './verdict/lines.ts'
export { reportOf } from './verdict/verdict-report.ts'
