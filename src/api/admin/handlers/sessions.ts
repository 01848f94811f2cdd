/** Who calls, and how the dashboard signs in and out. */
import { hostRole } from '../../../platform/admin-host.ts'
import { environmentOf } from '../../../platform/env.ts'
import { bearerIn } from '../../auth/authenticator.ts'
import { closeSession, FORGOTTEN, mayHoldSession, openSession } from '../../auth/sessions.ts'
import { type Call, type Handlers, isoTime } from '../answers/call.ts'

export const sessionHandlers: Handlers<'whoAmI' | 'signIn' | 'signOut'> = {
  whoAmI: async (call) => callerOf(call),

  signIn: async (call) => {
    const { request, env } = call
    const token = bearerIn(request)
    const isKept = token !== undefined && mayHoldSession(request.url, env)
    const session = isKept ? await openSession(token, env) : undefined
    if (session === undefined) return { ...callerOf(call), sessionEndsAt: null }
    const answer = { ...callerOf(call), sessionEndsAt: isoTime(session.untilMs) }
    return Response.json(answer, {
      headers: { 'cache-control': 'no-store', 'set-cookie': session.setCookie },
    })
  },

  signOut: async ({ request, env }) => {
    await closeSession(request, env)
    const headers = { 'cache-control': 'no-store', 'set-cookie': FORGOTTEN }
    return Response.json({ signedOut: true }, { headers })
  },
}

function callerOf({ actor, env, request }: Pick<Call<'whoAmI'>, 'actor' | 'env' | 'request'>) {
  const isShared = hostRole(request.url, env) === 'both'
  return { ...actor, environment: environmentOf(env), host: isShared ? 'shared' : 'own' } as const
}
