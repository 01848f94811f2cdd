/**
 * Rescue: a request that is safe to repeat, and that failed at the canary before anything of the answer had reached
 * the visitor, is answered by control instead. The visitor sees success; the canary is charged the failure.
 */
import { RetryBudget } from '../../core/limits/retry-budget.ts'
import type { Plan } from '../plan.ts'
import type { GateRequest } from '../request/gate-request.ts'
import type { Conclude, OriginAnswer, Question } from './fetch-origin.ts'
import type { OriginHealth } from './origin-health.ts'
import { askAndNote } from './retry.ts'

/** With both origins down, rescues add at most this to control's load. */
const BUDGET_SHARE = 0.1
/** A body is read ahead so that it can be sent twice; a larger one streams, and is sent once. */
const LARGEST_BODY_BYTES = 65_536

/** Asks the planned origin, and where that fails and may be repeated, the stand-in. One budget per isolate. */
export class Rescuer {
  readonly #budget = new RetryBudget()
  readonly #health: OriginHealth

  constructor(health: OriginHealth) {
    this.#health = health
  }

  ask(request: GateRequest, plan: Plan): Promise<OriginAnswer> {
    this.#budget.earn(BUDGET_SHARE)
    const { origin, target, standIn, visitor } = plan
    if (standIn === undefined) return this.#ask(request, plan)
    const off = target.kind === 'flag' ? target.flag.off : undefined
    const help = { origin: standIn.origin, extra: standIn.extra, target, variant: off, visitor }
    const mayRepeat = plan.mayRepeat && isReplayable(request)
    const canHelp = !this.#health.isAway(standIn.origin)
    const away = canHelp ? this.#health.awayness(origin, request.nowMs, mayRepeat) : undefined
    if (away) return this.#goRound(request, help, away)
    if (!mayRepeat) return this.#ask(request, plan)
    return request.hasBody ? this.#askWithCopies(request, plan, help) : this.#askWithHelp(request, plan, help)
  }

  async #askWithCopies(request: GateRequest, question: Question, help: Help): Promise<OriginAnswer> {
    const [copy, spare] = await copiesOf(request)
    return this.#askWithHelp(request, { ...question, copy }, { ...help, copy: spare })
  }

  #askWithHelp(request: GateRequest, question: Question, help: Help): Promise<OriginAnswer> {
    return this.#ask(request, question, (answer) =>
      answer.failure === undefined || answer.visitorLeft ? answer : this.#repeat(request, help, answer),
    )
  }

  /** The failed answer, or the stand-in's where that is better. */
  async #repeat(request: GateRequest, help: Help, failed: OriginAnswer): Promise<OriginAnswer> {
    if (!this.#health.mayHelp(help.origin, Date.now())) return failed
    const repetition = this.#budget.start(Date.now())
    if (repetition === undefined) return failed
    const rescue = await this.#ask(request, await questionOf(help))
    this.#budget.end(repetition, rescue.failure === undefined || rescue.visitorLeft)
    return better(failed, rescue)
  }

  #ask(request: GateRequest, question: Question, conclude?: Conclude): Promise<OriginAnswer> {
    return askAndNote(request, question, this.#health, conclude)
  }

  /**
   * An origin that is known to be away is charged as if it had been asked: the visitor was its own. Nothing is sent
   * twice here, so that any request may go this way.
   */
  async #goRound(
    request: GateRequest,
    help: Help,
    away: Pick<OriginAnswer, 'failure' | 'latencyMs'>,
  ): Promise<OriginAnswer> {
    const answer = await this.#ask(request, await questionOf(help))
    return { ...answer, ...away, rescued: answer.failure === undefined }
  }
}

/** Whether a request can be sent more than once: its body, if it has one, is small. */
function isReplayable({ hasBody, headers }: GateRequest): boolean {
  const length = headers.get('content-length')
  return !hasBody || (length !== undefined && Number(length) <= LARGEST_BODY_BYTES)
}

/** What the stand-in is asked; its headers are made only when they are needed. */
type Help = Omit<Question, 'extra'> & NonNullable<Plan['standIn']>

async function questionOf(help: Help): Promise<Question> {
  return { ...help, extra: await help.extra() }
}

/** Two copies of a request. When they are there its body is, so that no visitor can break it off any more. */
async function copiesOf({ raw }: GateRequest): Promise<[Request, Request]> {
  const copies: [Request, Request] = [raw.clone(), raw.clone()]
  await raw.arrayBuffer()
  return copies
}

/** What the visitor gets. Where both failed, an origin's own words go before the gate's. */
function better(answer: OriginAnswer, rescue: OriginAnswer): OriginAnswer {
  const keep = rescue.failure !== undefined && rescue.failure !== 'status' && answer.failure === 'status'
  void (keep ? rescue : answer).response.body?.cancel().catch(() => {})
  if (keep) return answer
  const { failure, latencyMs } = answer
  return { ...rescue, failure, latencyMs, rescued: rescue.failure === undefined }
}
