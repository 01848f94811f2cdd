/**
 * Who is signed in. A session is a cookie that no script can read; where the gate gives none, the token stays in the
 * memory of this page. Neither is ever stored where another script could find it.
 */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { type AdminClient, ApiError, createAdminClient } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { API_PREFIX, ROLES, ROUTES, type Role } from '../../contract/routes.ts'
import { messageOf } from '../../core/message-of.ts'
import { createStore } from './store.ts'

const RETRY_MS = 3_000
/** No page of another origin can send it without the gate's permission. */
const OWN_HEADER = 'sluice-dashboard'

export type User = Responses['whoAmI']
export type Session = { client: AdminClient; user: User; isForgottenByReload: boolean }
export type SessionState =
  | { kind: 'asking' }
  | { kind: 'out'; problem?: string; isShared?: boolean }
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

/** A client by the cookie of this browser, or by a token; `onRefused` hears that neither is valid any more. */
function clientWith(token: string | undefined, onRefused?: () => void): AdminClient {
  return createAdminClient({
    baseUrl: location.origin,
    token,
    fetch: async (input, init) => {
      const headers = { ...(init?.headers as Record<string, string>), [OWN_HEADER]: '1' }
      const response = await fetch(input, { ...init, headers })
      if (response.status === 401) onRefused?.()
      return response
    },
  })
}

const refused = () => end('Your session has ended, or your token is no longer valid. Sign in again')

/** Continues with this browser's session, or with the identity that a proxy in front of the gate vouches for. */
export async function resumeSession(): Promise<void> {
  try {
    const { user, host } = await whoIsIn()
    if (user === null) return sessionState.set({ kind: 'out', isShared: host === 'shared' })
    const session = { user, client: clientWith(undefined, refused), isForgottenByReload: false }
    sessionState.set({ kind: 'in', session })
  } catch (error) {
    sessionState.set({ kind: 'out', problem: textOf(error) })
    // The gate is unreachable and the session may well be valid: retry, unless the user signs in meanwhile.
    const seen = sessionState.value
    setTimeout(() => {
      if (sessionState.value === seen) void resumeSession()
    }, RETRY_MS)
  }
}

/** Resolves with undefined when the token is valid, otherwise with the problem. */
export async function signIn(token: string): Promise<string | undefined> {
  try {
    const { sessionEndsAt, ...user } = await clientWith(token).call('signIn')
    const hasCookie = sessionEndsAt !== null && (await isKnown())
    const client = clientWith(hasCookie ? undefined : token, refused)
    sessionState.set({ kind: 'in', session: { client, user, isForgottenByReload: !hasCookie } })
    return undefined
  } catch (error) {
    return textOf(error)
  }
}

/** Whether this browser has taken the cookie. Some refuse one from localhost over plain http. */
async function isKnown(): Promise<boolean> {
  return (await whoIsIn()).user !== null
}

/** Who this browser is signed in as. Not to be signed in is an answer, too: a failed request would be in the console. */
async function whoIsIn(): Promise<{ user: User | null; host: User['host'] }> {
  const response = await fetch(`${location.origin}${API_PREFIX}${ROUTES.signIn.path}`, {
    headers: { [OWN_HEADER]: '1' },
  })
  const answer = (await response.json()) as { user: User | null; host: User['host']; detail?: string }
  if (!response.ok) throw new Error(answer.detail ?? `The gate answered ${response.status}`)
  return answer
}

/** Ends the session everywhere: also a copy of its cookie is worth nothing then. */
export async function signOut(): Promise<void> {
  const { value } = sessionState
  // A token that only this page knows has no session.
  if (value.kind === 'in' && value.session.isForgottenByReload) return end()
  try {
    await clientWith(undefined).call('signOut')
  } catch (error) {
    // 401: there is no session, as this page signed in without one.
    if (!(error instanceof ApiError && error.status === 401)) {
      return end(`Signed out on this page only: ${textOf(error)}. The session ends within an hour`)
    }
  }
  end()
}

/** Forgets the user, and shows the form. */
function end(problem?: string): void {
  const { value } = sessionState
  const isShared = value.kind === 'in' && value.session.user.host === 'shared'
  sessionState.set({ kind: 'out', isShared, ...(problem !== undefined && { problem }) })
}

/** What the gate wants a person's word for, in one sentence each; empty where it refuses for another reason. */
export function questionsOf(error: unknown): readonly string[] {
  return error instanceof ApiError ? (error.problem.questions ?? []) : []
}

/** What went wrong, as the page shows it. */
export function textOf(error: unknown): string {
  if (error instanceof ApiError) return error.message
  if (error instanceof TypeError) return 'The gate cannot be reached'
  return messageOf(error)
}
