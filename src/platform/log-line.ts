import { type Env, isDevelopment } from './env.ts'

/**
 * One structured line for Workers Logs, or the output of workerd. Not in development, where the terminal is the user's.
 *
 * @param event `sluice.audit`, `sluice.verdict`; what the gate has swallowed is logged by internal-errors.ts
 */
export function logLine(env: Env, event: string, fields: object): void {
  if (!isDevelopment(env)) console.log({ event, ...fields })
}
