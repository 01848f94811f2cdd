/** Visitors that an operator describes, to ask what the gate would decide for them. Same steps as for a real request. */

import type { AttributeValue } from '../../core/context/attributes.ts'
import { type EvaluationContext, staticContext } from '../../core/context/attributes.ts'
import { givenContext } from '../../core/context/given-context.ts'
import type { DecisionInputs } from '../../core/decision/decide.ts'
import type { Env } from '../../platform/env.ts'
import type { ActiveConfig } from '../config/live-config.ts'
import type { Claims } from '../request/claims.ts'
import { decisionInputs, recognise } from './visitor.ts'

export type VisitorDescription = {
  targetingKey: string | undefined
  attributes: Readonly<Record<string, AttributeValue>>
  /** A request as the gate would see it, with claims that count as verified. */
  request: { request: Request; claims: Claims } | undefined
}

export type DescribedVisitor = {
  context: EvaluationContext
  inputs: DecisionInputs
  /** Set where a request was described. */
  place: { host: string; path: string; method: string } | undefined
}

/** What the gate would decide by if this visitor came now. */
export async function describedVisitor(
  described: VisitorDescription,
  document: ActiveConfig,
  env: Env,
  nowMs: number,
): Promise<DescribedVisitor> {
  if (described.request === undefined) {
    const { targetingKey, attributes } = described
    const context = staticContext(targetingKey, { now: nowMs, ...attributes })
    return { context, inputs: decisionInputs(document, env, nowMs, undefined), place: undefined }
  }
  const { request: raw, claims } = described.request
  const { request, context: seen, anonymous, inputs } = await recognise(raw, document, env, nowMs)
  if (Object.keys(claims).length > 0) request.accept(claims)
  const key = seen.targetingKey()
  // What a newly issued key decides can't be told in advance.
  const beneath = {
    targetingKey: () => (anonymous.isNew ? undefined : key),
    keyStanding: () => seen.keyStanding(),
    attribute: (name: string) => seen.attribute(name),
  }
  const context = givenContext(described, beneath)
  return { context, inputs, place: request }
}
