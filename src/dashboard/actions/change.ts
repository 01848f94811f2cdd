import type { FlagVerb } from '../../contract/routes.ts'

/** One change of one flag. `all` is every flag, for kill and unkill. */
export type Change = {
  flag: string
  /** The message when it is done, such as "new-shop is killed". */
  done: string
  undo?: Change | undefined
} & (
  | { kind: 'command'; verb: FlagVerb; stage?: number }
  | { kind: 'enable' | 'disable' }
  | { kind: 'percentage'; percentage: number; rule?: number }
)
