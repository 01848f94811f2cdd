/** The guard's public face. */

export { canaryBucketCount, ROUTING_BUCKETS } from './dedupe.ts'
export { stepGuard } from './guard.ts'
export type { GuardOptions, GuardSettings } from './settings.ts'
export { DEFAULT_GUARD_SETTINGS, resolveGuardSettings } from './settings.ts'
export type { Decision, GuardState } from './state.ts'
export { initialGuardState, restoreGuardState } from './state.ts'
export type { ArmTick, Evidence, GuardTick, Trigger, Verdict } from './types.ts'
