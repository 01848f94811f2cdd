/** Who is signed in. The token is kept for this tab only, and never appears in an address. */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { type AdminClient, ApiError, createAdminClient } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { ROLES, type Role } from '../../contract/routes.ts'
import { messageOf } from '../../core/message-of.ts'
import { createStore } from './store.ts'

const KEY = 'sluice.token'
const RETRY_MS = 3_000

export type User = Responses['whoAmI']
export type Session = { client: AdminClient; user: User }
export type SessionState =
  | { kind: 'asking' }
  | { kind: 'out'; problem?: string }
  | { kind: 'in'; session: Session }

export const sessionState = createStore<SessionState>({ kind: 'asking' })
export const SessionContext = createContext<Session | undefined>(undefined)

/** The session of the view that calls. */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('Cannot show a view: sign in first')
  return session
}

/** Whether the signed-in user may do what needs a role. */
export function useMayActAs(role: Role): boolean {
  return ROLES.indexOf(useSession().user.role) >= ROLES.indexOf(role)
}

function clientWith(token: string | undefined): AdminClient {
  return createAdminClient({
    baseUrl: location.origin,
    token,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (response.status === 401) signOut('Your token is no longer valid. Sign in again')
      return response
    },
  })
}

const whoAmI = (token: string | undefined) =>
  createAdminClient({ baseUrl: location.origin, token }).call('whoAmI')

/** Continues with the token of this tab, or with the identity that a proxy in front of the gate vouches for. */
export async function resumeSession(): Promise<void> {
  const token = sessionStorage.getItem(KEY) ?? undefined
  try {
    sessionState.set({ kind: 'in', session: { user: await whoAmI(token), client: clientWith(token) } })
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return sessionState.set({ kind: 'out' })
    sessionState.set({ kind: 'out', problem: textOf(error) })
    // The gate is unreachable and the token may well be valid: retry, unless the user signs in meanwhile.
    const seen = sessionState.value
    setTimeout(() => {
      if (sessionState.value === seen) void resumeSession()
    }, RETRY_MS)
  }
}

/** Resolves with undefined when the token is valid, otherwise with the problem. */
export async function signIn(token: string): Promise<string | undefined> {
  try {
    const user = await whoAmI(token)
    sessionStorage.setItem(KEY, token)
    sessionState.set({ kind: 'in', session: { client: clientWith(token), user } })
    return undefined
  } catch (error) {
    return textOf(error)
  }
}

export function signOut(problem?: string): void {
  sessionStorage.removeItem(KEY)
  sessionState.set(problem === undefined ? { kind: 'out' } : { kind: 'out', problem })
}

/** What went wrong, as the page shows it. */
export function textOf(error: unknown): string {
  if (error instanceof ApiError) return error.message
  if (error instanceof TypeError) return 'The gate cannot be reached'
  return messageOf(error)
}
