/**
 * Rescue: a request that is safe to repeat, and that failed at the canary before anything of the answer had reached
 * the visitor, is answered by control instead. The visitor sees success; the canary is charged the failure.
 */
import { RetryBudget } from '../core/limits/retry-budget.ts'
import { askAndNote } from './ask-and-note.ts'
import type { Facts } from './facts.ts'
import type { OriginHealth } from './origin-health.ts'
import type { Plan } from './plan.ts'
import type { OriginAnswer, Question } from './proxy.ts'

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

  ask(facts: Facts, plan: Plan): Promise<OriginAnswer> {
    this.#budget.earn(BUDGET_SHARE)
    const { origin, extra, target, wait, standIn, decision } = plan
    const question = { origin, extra, target, wait, variant: decision?.variant, visitor: decision?.bucket }
    if (standIn === undefined) return this.#ask(facts, question)
    return this.#askWithHelp(facts, question, standIn, plan)
  }

  async #askWithHelp(
    facts: Facts,
    question: Question,
    standIn: NonNullable<Plan['standIn']>,
    plan: Plan,
  ): Promise<OriginAnswer> {
    const { origin, visitor } = question
    const { target } = plan
    const variant = target.kind === 'flag' ? target.flag.off : undefined
    const helping = async (copy: Copy): Promise<Question> => ({
      origin: standIn.origin,
      extra: await standIn.extra(),
      target,
      variant,
      visitor,
      ...copy,
    })
    const mayRepeat = plan.mayRepeat && isReplayable(facts)
    const canHelp = !this.#health.isAway(standIn.origin)
    const away = canHelp ? this.#health.awayness(origin, facts.nowMs, mayRepeat) : undefined
    if (away) return await this.#goRound(facts, await helping({}), away)
    if (!mayRepeat) return await this.#ask(facts, question)
    const [copy, spare] = await copiesOf(facts)
    const answer = await this.#ask(facts, { ...question, ...copy })
    if (answer.failure === undefined || answer.visitorLeft) return answer
    if (!this.#health.mayHelp(standIn.origin, Date.now())) return answer
    const repetition = this.#budget.start(Date.now())
    if (repetition === undefined) return answer
    const rescue = await this.#ask(facts, await helping(spare))
    this.#budget.end(repetition, rescue.failure === undefined || rescue.visitorLeft)
    return better(answer, rescue)
  }

  #ask(facts: Facts, question: Question): Promise<OriginAnswer> {
    return askAndNote(facts, question, this.#health)
  }

  /**
   * An origin that is known to be away is charged as if it had been asked: the visitor was its own. Nothing is sent
   * twice here, so that any request may go this way.
   */
  async #goRound(
    facts: Facts,
    question: Question,
    away: Pick<OriginAnswer, 'failure' | 'latencyMs'>,
  ): Promise<OriginAnswer> {
    const answer = await this.#ask(facts, question)
    return { ...answer, ...away, rescued: answer.failure === undefined }
  }
}

/** Whether a request can be sent more than once: its body, if it has one, is small. */
function isReplayable({ hasBody, headers }: Facts): boolean {
  const length = headers.get('content-length')
  return !hasBody || (length !== undefined && Number(length) <= LARGEST_BODY_BYTES)
}

type Copy = { copy?: Request }

/** Two copies of a request. When they are there its body is, so that no visitor can break it off any more. */
async function copiesOf({ hasBody, request }: Facts): Promise<[Copy, Copy]> {
  if (!hasBody) return [{}, {}]
  const copies: [Copy, Copy] = [{ copy: request.clone() }, { copy: request.clone() }]
  await request.arrayBuffer()
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
