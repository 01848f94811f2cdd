/** The guard's public interface. */

export type { ArmTick } from '../counters/ticks.ts'
export { canarySlotCount, VISITOR_SLOTS } from './dedupe/dedupe.ts'
export type { GuardOptions, GuardSettings } from './evidence/settings.ts'
export { DEFAULT_GUARD_SETTINGS, resolveGuardSettings } from './evidence/settings.ts'
export type {
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
export { reportOf } from './verdict/verdict-report.ts'
