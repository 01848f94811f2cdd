/** Who calls, and how the dashboard signs in and out. */
import { hostRole } from '../../../platform/admin-host.ts'
import { type Env, environmentOf } from '../../../platform/env.ts'
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

/** `shared`: pages of the site have the same origin as the dashboard. */
export function hostOf(url: string, env: Env): 'shared' | 'own' {
  return hostRole(url, env) === 'both' ? 'shared' : 'own'
}

export function callerOf({ actor, env, request }: Pick<Call<'whoAmI'>, 'actor' | 'env' | 'request'>) {
  return { ...actor, environment: environmentOf(env), host: hostOf(request.url, env) } as const
}
