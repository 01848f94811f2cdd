/** What goes to an origin with a request, and what the other origin gets: as the fallback, or as a question. */
import type { FlagTarget, Origin } from '../core/config/compile/route-target.ts'
import { encodedTargetingKey } from '../core/context/encoded-key.ts'
import type { RequestContext } from '../core/context/request-context.ts'
import { type Decision, variantServed } from '../core/decision/decide.ts'
import type { Env } from '../platform/env.ts'
import { keysOf } from '../platform/keys.ts'
import type { Visitor } from './evaluation/visitor.ts'
import type { ExtraHeaders } from './origin/fetch-origin.ts'
import { isPairable } from './origin/pairs.ts'
import { flagsHeader, rescuedFlagsHeader } from './origin/proxy-headers.ts'
import { type Question, SHADOW } from './origin/questions.ts'
import type { Fallback } from './origin/retry-and-fallback.ts'
import type { GateRequest } from './request/gate-request.ts'
import { signFlags } from './request/signature.ts'

/** The visitor's position, for canary and control. */
export function positionOf({ placement }: Decision): number | undefined {
  return placement.arm === 'other' ? undefined : placement.position
}

/** A visitor who forced a variant wants to see what it does, its failures included. */
export function mayFallBack(target: FlagTarget, origin: Origin, decision: Decision): boolean {
  return origin !== target.stable && decision.reason !== 'OVERRIDE' && target.rescued.size > 0
}

export function fallbackFor(
  target: FlagTarget,
  decision: Decision,
  request: GateRequest,
  headersFor: (flags: string) => ExtraHeaders | Promise<ExtraHeaders>,
): Fallback {
  const { flag, stable } = target
  return {
    origin: stable,
    mayRepeat: target.rescued.has(request.method),
    isPairable: isPairable(request, target),
    call: async () => ({
      origin: stable,
      extraHeaders: await headersFor(rescuedFlagsHeader(flag)),
      target,
      variant: flag.off,
      visitor: positionOf(decision),
    }),
  }
}

/** A question for the canary's origin, where both arms are asked such requests twice. */
export function questionFor(
  target: FlagTarget,
  decision: Decision,
  visitor: Visitor,
  headersFor: (flags: string) => ExtraHeaders | Promise<ExtraHeaders>,
): Question | undefined {
  return isPairable(visitor.request, target) ? copyFor(target, decision, visitor, headersFor) : undefined
}

/** The same request, as the canary's origin would get it had the visitor fallen inside the percentage. */
export function copyFor(
  target: FlagTarget,
  { flag, placement, variant: own }: Decision,
  { context }: Visitor,
  headersFor: (flags: string) => ExtraHeaders | Promise<ExtraHeaders>,
): Question | undefined {
  const rule = target.flag.rules[target.flag.rolloutRule]
  const variant = rule && variantServed(rule, context)
  const origin = variant === undefined ? undefined : target.origins.get(variant)
  if (placement.arm !== 'control' || variant === undefined || origin === undefined) return undefined
  if (origin === target.origins.get(own)) return undefined
  const flags = flagsHeader({ flag, variant, reason: 'SPLIT' })
  return {
    flag,
    origin,
    call: async () => ({ origin, extraHeaders: [...(await headersFor(flags)), SHADOW], target, variant }),
  }
}

/** The decision as the origin gets it, signed where there is a key. */
export function headersForOrigin(
  flags: string,
  context: RequestContext,
  { SIGNING_KEY: key }: Env,
  nowMs: number,
): ExtraHeaders | Promise<ExtraHeaders> {
  return key ? signedHeaders(flags, context, key, nowMs) : [['sluice-flags', flags]]
}

async function signedHeaders(
  flags: string,
  context: RequestContext,
  signingKey: string,
  nowMs: number,
): Promise<ExtraHeaders> {
  const targetingKey = encodedTargetingKey(context.targetingKey() ?? '')
  const keys = keysOf(signingKey)
  const { origin } = keys instanceof Promise ? await keys : keys
  return [
    ['sluice-flags', flags],
    ['sluice-targeting-key', targetingKey],
    ['sluice-signature', await signFlags(origin, flags, targetingKey, nowMs)],
  ]
}
