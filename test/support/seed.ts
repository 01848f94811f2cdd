/** The seed of this run, from which every random test draws: `SLUICE_SEED`, or one by chance, printed at the end. */
import { inject } from 'vitest'

declare module 'vitest' {
  export interface ProvidedContext {
    seed: number
  }
}

export const SEED = inject('seed')
