import type { GuardSettings } from '../evidence/settings.ts'

/** Whether a stage is so young that latency is compared only by a large margin. */
export function isColdAt(
  { latency }: GuardSettings,
  { stageStartedAtMs }: { stageStartedAtMs: number },
  atMs: number,
): boolean {
  return atMs - stageStartedAtMs < latency.warmUpMs
}
