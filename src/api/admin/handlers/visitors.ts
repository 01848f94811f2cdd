/** Single visitors: what one gets and why; links that let one choose. */

import type { Explanation } from '../../../contract/responses.ts'
import type { explain } from '../../../core/decision/explain.ts'
import { explainVisitor } from '../../../core/decision/explain-visitor.ts'
import { GATE_PATH } from '../../../core/gate-path.ts'
import { hostRole } from '../../../platform/admin-host.ts'
import { problemDetails } from '../../../platform/problem-details.ts'
import { type Call, type Handlers, isoTime } from '../answers/call.ts'
import { noFlag } from '../answers/no-flag.ts'

export const visitorHandlers: Handlers<'explain' | 'createPreview'> = {
  explain: async ({ body, live, env, nowMs, visitors }) => {
    const { snapshot } = await live.refreshNow(env, nowMs)
    const request = requestOf(body.context.request)
    if (request === 'impossible') {
      return problemDetails(
        400,
        'Bad Request',
        'body.context.request: its url, method or headers are not valid',
      )
    }
    const { targetingKey, attributes } = body.context
    const visitor = await visitors.described({ targetingKey, attributes, request }, env, nowMs)
    const explained = explainVisitor(snapshot, visitor, body.flag)
    if (explained === undefined) return noFlag(body.flag ?? '', snapshot.flags)
    return {
      targetingKey: visitor.context.targetingKey() ?? null,
      route: explained.route,
      flags: explained.explanations.map(explanationOf),
    }
  },

  createPreview: async ({ body, live, env, nowMs, actor, controller, request, visitors }) => {
    const { overrides, expiresInSeconds, path } = body
    if (path.startsWith('/') && hostRole(request.url, env) === 'admin') {
      const detail = 'Cannot make a preview of a path: this host has no pages. Give the URL of the page'
      return problemDetails(409, 'Conflict', detail)
    }
    const { snapshot } = await live.refreshNow(env, nowMs)
    for (const [key, variant] of Object.entries(overrides)) {
      const flag = snapshot.flags.get(key)
      if (flag?.values.has(variant)) continue
      const cannot = 'Cannot make a preview: '
      if (flag === undefined) return noFlag(key, snapshot.flags, cannot)
      const detail = `${key} has no variant ${variant}; it has ${[...flag.values.keys()].join(', ')}`
      return problemDetails(404, 'Not Found', `${cannot}${detail}`)
    }
    const expiresAtMs = nowMs + expiresInSeconds * 1_000
    const token = await visitors.signPreview({ exp: Math.floor(expiresAtMs / 1_000), overrides }, env)
    if (token === undefined) {
      const detail =
        'Cannot make a preview: the gate has no SIGNING_KEY. Set it with "wrangler secret put SIGNING_KEY"'
      return problemDetails(409, 'Conflict', detail)
    }
    const expiresAt = isoTime(expiresAtMs)
    await controller.note({
      atMs: nowMs,
      actor: actor.name,
      action: 'preview-created',
      flag: Object.keys(overrides)[0],
      reason: `${actor.name} made a preview link`,
      evidence: { overrides, path, expiresAt },
      before: null,
      after: null,
    })
    const page = new URL(path, request.url)
    const to = path.startsWith('/') ? path : page.href.slice(page.origin.length)
    const query = new URLSearchParams({ t: token, ...(to !== '/' && { to }) })
    return { url: `${page.origin}${GATE_PATH}/preview?${query}`, token, expiresAt }
  },
}

function explanationOf({ decision, sentence, gates, rules }: ReturnType<typeof explain>): Explanation {
  const { flag, variant, value, reason, rule, placement } = decision
  return { flag, variant, value, reason, rule: rule ?? null, arm: placement.arm, sentence, gates, rules }
}

type DescribedRequest = NonNullable<Call<'explain'>['body']['context']['request']>

function requestOf(described: DescribedRequest | undefined) {
  if (described === undefined) return undefined
  const { url, method, headers, cf, claims } = described
  try {
    return { request: new Request(url, { method, headers, cf: cf as RequestInitCfProperties }), claims }
  } catch {
    return 'impossible' as const
  }
}
