import type { Origin, RouteTarget } from '../core/config/compile/route-target.ts'
import type { Decision } from '../core/decision/decide.ts'
import type { Bootstrap } from './evaluation/bootstrap.ts'
import type { ExtraHeaders, Question } from './origin/fetch-origin.ts'
import type { DebugAccess } from './request/overrides.ts'
import type { PageRole } from './request/page-affinity.ts'

/** What is to be done with a request: whom to ask what, and what the answer is for. */
export type Plan = Question & {
  target: RouteTarget
  role: PageRole
  /** Undefined where no flag was asked, or the evaluator failed. */
  decision: Decision | undefined
  /** Who answers in the origin's place; undefined where nobody may. The headers are made only when they are needed. */
  standIn: { origin: Origin; extra(): ExtraHeaders | Promise<ExtraHeaders> } | undefined
  /** Whether that is so also for a request that the origin has had, and failed. */
  mayRepeat: boolean
  setCookie: string | undefined
  debug: DebugAccess
  /** The flags that the page brings along, if it does. */
  bootstrap?: Bootstrap | undefined
}
