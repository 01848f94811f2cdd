/**
 * Questions: of a request that control failed, the canary's origin is asked the same in the background, as the fallback
 * asks control's of one that the canary failed. So a URL that fails everywhere says nothing against either.
 */
import type { Origin } from '../../core/config/compile/route-target.ts'
import type { NetworkStanding } from '../../core/limits/network-standing.ts'
import type { PairedAs } from '../../core/outcome/outcome.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import type { GateRequest } from '../request/gate-request.ts'
import { fetchOrigin, type OriginCall, timeoutMsOf } from './fetch-origin.ts'
import type { OriginHealth } from './origin-health.ts'
import { pairedBy } from './pairs.ts'
import { discard } from './retry-and-fallback.ts'

/** What the other origin is to be asked: made only when it is needed, since headers may have to be signed. */
export type Question = {
  flag: string
  origin: Origin
  call(): OriginCall | Promise<OriginCall>
}

/** Marks a request that no visitor waits for. */
export const SHADOW = ['sluice-shadow', '1'] as const

/** What came of a question; whether it was asked. */
export type Reply = { pairedAs: PairedAs; questioned: boolean }

const UNASKED: Reply = { pairedAs: 'unasked', questioned: false }
/** Work after a response ends 30 s later at the latest. */
const LONGEST_QUESTION_MS = 10_000

/** Asks questions in the background. One per isolate. */
export class Questions {
  readonly #health: OriginHealth
  readonly #standing: NetworkStanding
  readonly #isClosed: (flag: string) => boolean

  /** @param isClosed whether a flag is killed or rolled back by now: its origin then gets no question */
  constructor(health: OriginHealth, standing: NetworkStanding, isClosed: (flag: string) => boolean) {
    this.#health = health
    this.#standing = standing
    this.#isClosed = isClosed
  }

  /** Asks the other origin, if that may be asked. Never throws. */
  async ask(request: GateRequest, { flag, origin, call }: Question): Promise<Reply> {
    try {
      if (this.#isClosed(flag) || this.#health.isCircuitOpen(origin, request)) return UNASKED
      const nowMs = Date.now()
      const network = this.#standing.payer(request.network, nowMs)
      if (!this.#health.mayQuestion(origin, nowMs, network)) return UNASKED
      const asked = await call()
      const timeoutMs = Math.min(timeoutMsOf(asked), LONGEST_QUESTION_MS)
      const answer = await fetchOrigin(request, { ...asked, timeoutMs })
      discard(answer)
      // Given more time it might have answered.
      const isCut = answer.failure === 'timeout' && timeoutMs < timeoutMsOf(asked)
      return { pairedAs: isCut ? 'unasked' : pairedBy(answer), questioned: true }
    } catch (error) {
      noteInternalError('gate.question', error, { flag })
      return UNASKED
    }
  }
}
