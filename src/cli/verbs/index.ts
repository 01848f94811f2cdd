/** All verbs, in the order of help. A new one is a file beside this one, and a line here. */
import type { Verb } from '../verb.ts'
import { build } from './build.ts'
import { check } from './check.ts'
import { dev } from './dev.ts'
import { init } from './init.ts'

export const VERBS: readonly Verb[] = [init, dev, build, check]
