/** Who is looking: the token is kept for this tab only, and never stands in an address. */

import { type AdminClient, ApiError, createAdminClient } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { ROLES, type Role } from '../../contract/routes.ts'
import { messageOf } from '../../core/message-of.ts'
import { createStore } from './store.ts'

const KEY = 'sluice.token'
const TRY_AGAIN_AFTER_MS = 3_000

export type Person = Responses['whoAmI']
export type Session = { client: AdminClient; person: Person }
export type SessionState =
  | { kind: 'asking' }
  | { kind: 'out'; problem?: string }
  | { kind: 'in'; session: Session }

export const sessionState = createStore<SessionState>({ kind: 'asking' })

function clientWith(token: string | undefined): AdminClient {
  return createAdminClient({
    baseUrl: location.origin,
    token,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (response.status === 401) signOut('Your token is no longer known. Sign in again')
      return response
    },
  })
}

/** Goes on with the token of this tab, or with the identity that a proxy in front of the gate vouches for. */
export async function resumeSession(): Promise<void> {
  const token = sessionStorage.getItem(KEY) ?? undefined
  try {
    const client = clientWith(token)
    const person = await createAdminClient({ baseUrl: location.origin, token }).call('whoAmI')
    sessionState.set({ kind: 'in', session: { client, person } })
  } catch (error) {
    const known = error instanceof ApiError && error.status === 401
    sessionState.set(known ? { kind: 'out' } : { kind: 'out', problem: textOf(error) })
    if (known) return
    // The gate is away, not the person's right to be here: unless they sign in meanwhile, it is tried again.
    const seen = sessionState.value
    setTimeout(() => {
      if (sessionState.value === seen) void resumeSession()
    }, TRY_AGAIN_AFTER_MS)
  }
}

/** Undefined when the token is good, otherwise why it isn't. */
export async function signIn(token: string): Promise<string | undefined> {
  try {
    const person = await createAdminClient({ baseUrl: location.origin, token }).call('whoAmI')
    sessionStorage.setItem(KEY, token)
    sessionState.set({ kind: 'in', session: { client: clientWith(token), person } })
    return undefined
  } catch (error) {
    return textOf(error)
  }
}

export function signOut(problem?: string): void {
  sessionStorage.removeItem(KEY)
  sessionState.set(problem === undefined ? { kind: 'out' } : { kind: 'out', problem })
}

/** Whether somebody may do what needs a role. */
export function mayActAs(person: Person, role: Role): boolean {
  return ROLES.indexOf(person.role) >= ROLES.indexOf(role)
}

/** What went wrong, for people. */
export function textOf(error: unknown): string {
  if (error instanceof ApiError) return error.message
  if (error instanceof TypeError) return 'The gate cannot be reached'
  return messageOf(error)
}
