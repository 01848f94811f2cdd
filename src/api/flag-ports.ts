/** The request path as the flag APIs see it. */

import { NO_NETWORK } from '../core/counters/networks.ts'
import type { CompiledFlag } from '../core/flags/flag.ts'
import type { ActiveConfig } from '../gate/config/live-config.ts'
import { flagQuery } from '../gate/evaluation/flag-query.ts'
import type { Gate } from '../gate/gate.ts'
import { GateRequest } from '../gate/request/gate-request.ts'
import type { Env } from '../platform/env.ts'
import type { Authenticator } from './auth/authenticator.ts'
import type { FlagPorts } from './flags/ports.ts'

const BY_TOKEN = { isEvidence: true, network: NO_NETWORK }

export function flagPorts(gate: Gate, authenticator: Authenticator): FlagPorts {
  const { live, reporter, gradualRollback } = gate

  const current = (env: Env, ctx: ExecutionContext): Promise<ActiveConfig> =>
    live.current(env, (work) => ctx.waitUntil(work), Date.now())
  /** An isolate that only answers queries must learn of a kill as fast as one that serves pages. */
  async function inTouch(request: Request, env: Env, ctx: ExecutionContext) {
    const document = await current(env, ctx)
    const nowMs = Date.now()
    const revision = gate.revisionOf(document, nowMs)
    const waitUntil = (work: Promise<unknown>) => ctx.waitUntil(work)
    // A Worker that embeds the gate may have no Durable Objects.
    if (env.COUNTERS !== undefined) {
      reporter.stayInTouch({ env, place: new GateRequest(request, env, nowMs), nowMs, waitUntil })
    }
    return { document, revision }
  }
  return {
    settings: async (env, ctx) => (await current(env, ctx)).snapshot.flagQueries,
    query: async (request, given, caller, env, ctx) => {
      const { document, revision } = await inTouch(request, env, ctx)
      const query = await flagQuery(request, given, document, env, gradualRollback)
      if (document.snapshot.measured === undefined || !query.mayMeasure) return { ...query, revision }
      // A server with a token knows who its visitors are, and asks for all of them from one network.
      const from = caller.seesPrivate ? BY_TOKEN : query
      const decide = (flag: CompiledFlag) => {
        const decision = query.decide(flag)
        if (flag.measures && decision) reporter.metrics.expose(flag.measures, decision, from, Date.now())
        return decision
      }
      return { ...query, decide, revision }
    },
    checkToken: async (token, realm, request, env, ctx) => {
      const headers = new Headers(request.headers)
      headers.set('authorization', `Bearer ${token}`)
      const { cf } = request
      const shown = new Request(request.url, { headers, ...(cf && { cf: cf as RequestInitCfProperties }) })
      const waitUntil = (work: Promise<unknown>) => ctx.waitUntil(work)
      return await authenticator.login(shown, { env, nowMs: Date.now(), waitUntil, realm })
    },
    documentHash: () => live.usedHash,
    revision: async (request, env, ctx) => (await inTouch(request, env, ctx)).revision,
  }
}
