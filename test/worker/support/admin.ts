/** The admin API in this Worker, called as people call it; every answer is held against the contract. */
import { exports } from 'cloudflare:workers'
import * as v from 'valibot'
import { ApiError, type Call, createAdminClient } from '../../../src/contract/client.ts'
import {
  type ProblemDetails,
  problemDetailsSchema,
  RESPONSES,
  type Responses,
} from '../../../src/contract/responses.ts'
import type { OperationId } from '../../../src/contract/routes.ts'
import { describedFetch } from '../../support/openapi.ts'

export const gate = exports.default
export const ADMIN_TOKEN = 'test-admin-token'
export const GATE_URL = 'http://localhost'

type Answer<Id extends OperationId> = Id extends keyof Responses ? Responses[Id] : never

let senders = 0

/** A caller with a separate address, so that no limit is shared between tests. */
export function adminAs(token: string | undefined) {
  const sender = `198.51.100.${++senders}`
  const client = createAdminClient({
    baseUrl: GATE_URL,
    token,
    fetch: describedFetch((input: unknown, init?: RequestInit) => {
      const headers = new Headers(init?.headers)
      headers.set('cf-connecting-ip', sender)
      return gate.fetch(new Request(String(input), { ...init, headers, cf: { colo: 'OTP' } } as RequestInit))
    }),
  })
  return {
    async call<Id extends OperationId>(id: Id, call?: Call<Id>): Promise<Answer<Id>> {
      const answer = await client.call(id, call)
      return v.parse(RESPONSES[id as keyof Responses], answer) as Answer<Id>
    },
    /** What the API answers to a call that it refuses. */
    async refusal<Id extends OperationId>(id: Id, call?: Call<Id>): Promise<ProblemDetails> {
      try {
        await client.call(id, call)
      } catch (error) {
        if (error instanceof ApiError) return v.parse(problemDetailsSchema, error.problem)
        throw error
      }
      throw new Error(`${id} was not refused`)
    },
    open: client.open,
  }
}

export const admin = adminAs(ADMIN_TOKEN)
