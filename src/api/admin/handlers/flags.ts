/** Flags: summaries, edits of the document, commands. */

import type { FlagStatusView, Responses } from '../../../contract/responses.ts'
import type { FlagVerb } from '../../../contract/routes.ts'
import { keptOpen } from '../../../core/config/compile/killed-origins.ts'
import { KILL_ALL } from '../../../core/config/control.ts'
import type { Edit } from '../../../core/config/edit.ts'
import { killOrder } from '../../../core/config/kill-list.ts'
import { meant } from '../../../core/config/parse/problems.ts'
import { jsonOf } from '../../../core/json-object.ts'
import type { Command, CommandResult } from '../../../core/rollout/commands.ts'
import { noteInternalError } from '../../../platform/internal-errors.ts'
import { problemDetails } from '../../../platform/problem-details.ts'
import type { Call, Handlers } from '../answers/call.ts'
import { summaryOf } from '../answers/flag-summary.ts'
import { noFlag } from '../answers/no-flag.ts'
import { confirmationNeeded, publishAnswer } from '../answers/publish-answer.ts'
import { statusOf } from '../answers/status.ts'

export const flagHandlers: Handlers<
  | 'listFlags'
  | 'getFlag'
  | 'createFlag'
  | 'patchFlag'
  | 'deleteFlag'
  | 'enableFlag'
  | 'disableFlag'
  | 'setPercentage'
  | 'commandFlag'
> = {
  listFlags: async (call) => {
    const [{ version, flags }, status] = await Promise.all([call.controller.flagFacts(), statusOf(call)])
    const known = flags.filter(({ key }) => Object.hasOwn(status.flags, key))
    return {
      version,
      flags: known.map((facts) => summaryOf(facts, statusFor(status, facts.key), call.nowMs)),
    }
  },

  getFlag: async (call) => {
    const key = flagOf(call)
    const [{ version, flags, failures }, document, status] = await Promise.all([
      call.controller.flagFacts(key),
      call.controller.document(undefined),
      statusOf(call, new Set([key])),
    ])
    const facts = flags.find((each) => each.key === key)
    if (facts === undefined || document === undefined || !Object.hasOwn(status.flags, key)) {
      return noFlag(key, call.live.last.snapshot.flags)
    }
    const { flags: definitions } = jsonOf(document.text) as {
      flags: Record<string, Record<string, unknown>>
    }
    const view = statusFor(status, key)
    return {
      version,
      summary: summaryOf(facts, view, call.nowMs),
      definition: definitions[key] ?? {},
      status: view,
      failures: failures ?? [],
    }
  },

  createFlag: (call) =>
    publishAnswer(
      call,
      { kind: 'edit', edit: { kind: 'create', flag: call.body.key, definition: call.body.flag } },
      `created ${call.body.key}`,
    ),
  patchFlag: (call) =>
    editAnswer(call, { kind: 'patch', flag: flagOf(call), patch: call.body.patch }, 'changed'),
  deleteFlag: (call) => editAnswer(call, { kind: 'delete', flag: flagOf(call) }, 'deleted'),
  enableFlag: (call) => editAnswer(call, { kind: 'enable', flag: flagOf(call) }, 'enabled'),
  disableFlag: (call) => editAnswer(call, { kind: 'disable', flag: flagOf(call) }, 'disabled'),
  setPercentage: (call) => {
    const { percentage, rule } = call.body
    const edit: Edit = { kind: 'percentage', flag: flagOf(call), percentage, rule }
    return editAnswer(call, edit, `set to ${percentage} %`)
  },

  commandFlag: async (call) => {
    const { body, params, actor, controller, live, nowMs } = call
    const verb = params.verb as FlagVerb
    const flag = flagOrAll(call)
    if (verb === 'stage' && body.stage === undefined) {
      return problemDetails(400, 'Bad Request', 'stage must be given: {"stage": 1}')
    }
    if (verb !== 'kill' && (body.isolate || body.sever)) {
      return problemDetails(400, 'Bad Request', 'isolate and sever must come with kill')
    }
    const { stage, isolate, sever, confirm } = body
    const command: Command = {
      kind: verb,
      flag,
      ...(stage !== undefined && { stage }),
      ...(isolate && { isolate }),
      ...(sever && { sever }),
      ...(confirm !== undefined && { confirm }),
    }
    try {
      const result = await controller.command(command, actor.name, body.reason || `${verb} by ${actor.name}`)
      if (!result.ok) return commandRefused(result, meant(flag, live.last.snapshot.flags.keys()))
      live.adopt(result.state, nowMs)
      const { snapshot, control } = live.last
      const held = isolate ? { notIsolated: keptOpen(snapshot, control, flag) } : {}
      const { state, before, after } = result
      return { epoch: state.epoch, via: 'controller', before, after, ...held }
    } catch (error) {
      if (verb !== 'kill') throw error
      noteInternalError('api.command', error, { flag })
      return await killInKv(call, flag)
    }
  },
}

function flagOf({ params }: { params: Readonly<Record<string, string>> }): string {
  return params.flag ?? ''
}

function editAnswer(
  call: Parameters<typeof publishAnswer>[0],
  edit: Edit,
  did: string,
): ReturnType<typeof publishAnswer> {
  return publishAnswer(call, { kind: 'edit', edit }, `${did} ${edit.flag}`)
}

/** `all` means `*`, unless a flag has that key. */
function flagOrAll({ params, live }: Call<'commandFlag'>): string {
  const flag = params.flag ?? ''
  return flag === 'all' && !live.last.snapshot.flags.has(flag) ? KILL_ALL : flag
}

function commandRefused(refused: CommandResult & { ok: false }, hint: string): Response {
  const { why, error } = refused
  if (why === 'unconfirmed') return confirmationNeeded(error, { questions: refused.questions })
  return why === 'missing'
    ? problemDetails(404, 'Not Found', `${error}${hint}`)
    : problemDetails(409, 'Conflict', error)
}

/** Without the Controller, the kill list in KV closes the flag. */
async function killInKv({ env, live }: Call<'commandFlag'>, flag: string) {
  const { snapshot } = await live.refreshNow(env, Date.now())
  if (flag !== KILL_ALL && !snapshot.flags.has(flag)) {
    const hint = meant(flag, snapshot.flags.keys())
    return problemDetails(404, 'Not Found', `Cannot kill ${flag}: the document has no such flag${hint}`)
  }
  const text = await env.GATE.get('kill', { type: 'text' })
  // Flags of a list that can't be read any more stay killed.
  const list = killOrder(text, snapshot.flags).list ?? live.killList
  if (!list.includes(flag)) await env.GATE.put('kill', JSON.stringify([...list, flag]))
  await live.refreshNow(env, Date.now())
  return { epoch: live.epoch, via: 'kv' as const, before: null, after: null }
}

function statusFor({ flags }: Responses['getStatus'], key: string): FlagStatusView {
  return flags[key] as FlagStatusView
}
