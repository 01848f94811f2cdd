/** The request path as the flag APIs see it. */
import type { Authenticator } from '../admin/auth.ts'
import type { FlagPorts } from '../client/ports.ts'
import { Facts } from '../edge/facts.ts'
import { flagQuery } from '../edge/flag-query.ts'
import type { Gate } from '../edge/gate.ts'
import type { Live } from '../edge/live-document.ts'
import type { Env } from '../env.ts'

export function flagPorts({ live, reporter }: Gate, authenticator: Authenticator): FlagPorts {
  const current = (env: Env, ctx: ExecutionContext): Promise<Live> =>
    live.current(env, (work) => ctx.waitUntil(work), Date.now())
  return {
    settings: async (env, ctx) => (await current(env, ctx)).snapshot.flagQueries,
    query: async (request, given, env, ctx) => flagQuery(request, given, await current(env, ctx), env),
    checkToken: async (token, request, env, ctx) => {
      const headers = new Headers({ authorization: `Bearer ${token}` })
      const sender = request.headers.get('cf-connecting-ip')
      if (sender !== null) headers.set('cf-connecting-ip', sender)
      const shown = new Request(request.url, { headers })
      return await authenticator.login(shown, env, Date.now(), (work) => ctx.waitUntil(work))
    },
    documentHash: () => live.usedHash,
    revision: async (request, env, ctx) => {
      await current(env, ctx)
      const waitUntil = (work: Promise<unknown>) => ctx.waitUntil(work)
      const nowMs = Date.now()
      reporter.stayInTouch({ env, place: new Facts(request, env, nowMs), nowMs, waitUntil })
      return [live.epoch, live.usedHash.slice(0, 12), live.killHash.slice(0, 12)].join('-')
    },
  }
}
