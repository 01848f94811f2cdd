/** The admin API, under /__sluice/api/v1. Everything in it needs a token. */
import { Hono } from 'hono'
import * as v from 'valibot'
import { readBoundedText } from '../bounded-body.ts'
import { KILL_ALL } from '../core/config/control.ts'
import { COMMANDS, type Command } from '../core/rollout/commands.ts'
import type { Controller } from '../durable/controller.ts'
import type { LiveDocument } from '../edge/live-document.ts'
import { controller, type Env, environmentOf } from '../env.ts'
import { problemDetails } from '../problem-details.ts'
import { type Actor, authenticate } from './auth.ts'
import { buildStatus } from './status.ts'

type ControllerPort = Pick<Controller, 'status' | 'command' | 'audit' | 'feedback'>

/** Freezing is the guard's; everything else a person may do. */
const VERBS = COMMANDS.filter((kind) => kind !== 'freeze')
const LARGEST_BODY_BYTES = 10_000
const MOST_AUDIT_RECORDS = 1_000
const MOST_FEEDBACK = 1_000
const DEFAULT_LIMIT = 100

const commandBody = v.strictObject({
  reason: v.optional(v.pipe(v.string(), v.maxLength(500)), ''),
  stage: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
})

/** Makes the admin API of a gate; `live` is what this isolate decides by. */
export function createAdminApi(live: LiveDocument): Hono<{ Bindings: Env; Variables: { actor: Actor } }> {
  const api = new Hono<{ Bindings: Env; Variables: { actor: Actor } }>()

  api.use('*', async (c, next) => {
    const actor = await authenticate(c.req.raw, c.env)
    if (actor === undefined) {
      const detail = c.env.ADMIN_TOKEN
        ? 'Send the admin token: "Authorization: Bearer TOKEN"'
        : 'No ADMIN_TOKEN is configured, so the admin API is closed'
      return problemDetails(401, 'Unauthorized', detail, { 'www-authenticate': 'Bearer' })
    }
    c.set('actor', actor)
    await next()
    c.header('cache-control', 'no-store')
    return undefined
  })

  api.get('/status', async (c) => {
    const nowMs = Date.now()
    const { snapshot } = await live.refreshNow(c.env, nowMs)
    const status = await controller<ControllerPort>(c.env)
      .status()
      .catch(() => undefined)
    return c.json(
      buildStatus({
        environment: environmentOf(c.env),
        nowMs,
        snapshot,
        killList: live.killList,
        report: live.report,
        controller: status,
        lastState: live.controlState,
      }),
    )
  })

  api.get('/audit', async (c) => {
    const limit = limitOf(c.req.query('limit'), MOST_AUDIT_RECORDS)
    const records = await controller<ControllerPort>(c.env).audit(limit)
    return c.json({
      records: records.map(({ atMs, ...record }) => ({ at: new Date(atMs).toISOString(), ...record })),
    })
  })

  api.get('/feedback', async (c) => {
    const limit = limitOf(c.req.query('limit'), MOST_FEEDBACK)
    const entries = await controller<ControllerPort>(c.env).feedback(c.req.query('flag'), limit)
    return c.json({
      feedback: entries.map(({ atMs, ...entry }) => ({ at: new Date(atMs).toISOString(), ...entry })),
    })
  })

  api.post(`/flags/:flag{.+}/:verb{${VERBS.join('|')}}`, async (c) => {
    const { flag, verb } = c.req.param()
    const body = await readBody(c.req.raw)
    if (body === undefined) {
      return problemDetails(
        400,
        'Bad Request',
        'Send JSON such as {"reason": "…"}; "stage" takes {"stage": 1}',
      )
    }
    const command = commandOf(verb as (typeof VERBS)[number], flag, body.stage)
    if (command === undefined) return problemDetails(400, 'Bad Request', 'Say which stage: {"stage": 1}')
    const reason = body.reason || `${verb} by ${c.var.actor.name}`
    const result = await controller<ControllerPort>(c.env).command(command, c.var.actor.name, reason)
    if (!result.ok) return problemDetails(409, 'Conflict', result.error)
    live.adopt(result.state)
    return c.json({ epoch: result.state.epoch, before: result.before, after: result.after })
  })

  api.all('*', () => problemDetails(404, 'Not Found', 'The admin API has no such path or method'))
  return api
}

function commandOf(
  verb: (typeof VERBS)[number],
  flag: string,
  stage: number | undefined,
): Command | undefined {
  if (verb !== 'stage') return { kind: verb, flag: flag === 'all' ? KILL_ALL : flag }
  return stage === undefined ? undefined : { kind: 'stage', flag, stage }
}

/** How many entries a list may have: what was asked for, within bounds. */
function limitOf(asked: string | undefined, most: number): number {
  const limit = Number(asked ?? DEFAULT_LIMIT)
  return Number.isInteger(limit) ? Math.min(most, Math.max(1, limit)) : DEFAULT_LIMIT
}

/** A small JSON body; an empty one is an empty object, anything else that isn't as expected is undefined. */
async function readBody(request: Request): Promise<v.InferOutput<typeof commandBody> | undefined> {
  const text = await readBoundedText(request, LARGEST_BODY_BYTES)
  if (text === undefined) return undefined
  try {
    const parsed = v.safeParse(commandBody, text.trim() === '' ? {} : JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
