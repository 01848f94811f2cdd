/** One call of the admin API, as its handler gets it: authenticated, authorised, parsed. */
import type { ParsedBodies, ParsedQueries } from '../../../contract/requests.ts'
import type { Responses } from '../../../contract/responses.ts'
import type { OperationId } from '../../../contract/routes.ts'
import type { Controller } from '../../../durable/controller/controller.ts'
import type { LiveConfig } from '../../../gate/config/live-config.ts'
import type { DescribedVisitor, VisitorDescription } from '../../../gate/evaluation/described-visitor.ts'
import type { DebugPayload } from '../../../gate/request/signature.ts'
import type { Env } from '../../../platform/env.ts'
import type { AdminActor } from '../../auth/actor.ts'

/** The part of the Controller's stub that the admin API uses. */
export type ControllerPort = Pick<
  Controller,
  | 'addToken'
  | 'audit'
  | 'command'
  | 'convergence'
  | 'document'
  | 'documentText'
  | 'feedback'
  | 'flagFacts'
  | 'note'
  | 'noteOutcome'
  | 'outcomes'
  | 'publish'
  | 'results'
  | 'review'
  | 'revokeToken'
  | 'series'
  | 'shadow'
  | 'status'
  | 'testWebhook'
  | 'tokens'
  | 'versions'
>

/** What the request path knows about visitors. */
export type VisitorPorts = {
  described(visitor: VisitorDescription, env: Env, nowMs: number): Promise<DescribedVisitor>
  /** The token of a preview; undefined without a signing key. */
  signPreview(payload: DebugPayload, env: Env): Promise<string | undefined>
}

export type Call<Id extends OperationId> = {
  request: Request
  env: Env
  actor: AdminActor
  /** Whether the caller would still be let in; for answers that stay open. */
  isStillAllowed(): Promise<boolean>
  nowMs: number
  controller: ControllerPort
  /** What this isolate decides by. */
  live: LiveConfig
  visitors: VisitorPorts
  params: Readonly<Record<string, string>>
  body: Id extends keyof ParsedBodies ? ParsedBodies[Id] : undefined
  query: Id extends keyof ParsedQueries ? ParsedQueries[Id] : undefined
}

type Answer<Id extends OperationId> = Id extends keyof Responses ? Responses[Id] : never

/** Performs an operation; a Response is sent as it is, everything else as JSON. */
export type Handler<Id extends OperationId> = (call: Call<Id>) => Promise<Answer<Id> | Response>
export type Handlers<Id extends OperationId = OperationId> = { [Each in Id]: Handler<Each> }

export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
