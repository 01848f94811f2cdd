/** All verbs. A new one is a file beside this one, and a line here. */
import type { Verb } from '../verb.ts'
import { check } from './check.ts'

export const VERBS: readonly Verb[] = [check]
