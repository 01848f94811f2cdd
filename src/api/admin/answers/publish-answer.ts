/** Responses to changes of the document. */
import type { Responses } from '../../../contract/responses.ts'
import { rolloutChangeText } from '../../../core/rollout/edits/document-change.ts'
import type { DocumentChange } from '../../../durable/controller/documents.ts'
import type { VersionInfo } from '../../../durable/storage/document-history.ts'
import { problemDetails } from '../../../platform/problem-details.ts'
import { type Call, isoTime } from './call.ts'

type Editing = {
  expectedVersion?: number | undefined
  reason?: string | undefined
  confirm: boolean
  restart?: string | undefined
}

/** Publishes a change and answers with the result; `reason` is the default where the caller gave none. */
export async function publishAnswer(
  call: Pick<Call<'getStatus'>, 'controller' | 'actor' | 'live' | 'env'> & { body: Editing },
  change: DocumentChange,
  reason: string,
): Promise<Responses['publishDocument'] | Response> {
  const { controller, actor, live, env, body } = call
  const { expectedVersion, confirm, restart } = body
  const options = {
    expectedVersion,
    confirm,
    ...(restart !== undefined && { restart }),
    actor: actor.name,
    reason: body.reason || `${actor.name} ${reason}`,
  }
  const published = await controller.publish(change, options)
  if (published.ok) {
    const { info, changed, changes, people, rollouts, kvPending, tag, state } = published
    // The caller's next request must be served what was published. A Controller of the release before sends no state.
    if (state !== undefined) live.adopt(state, Date.now())
    await live.offer(tag, () => controller.documentText(tag.version), env, Date.now())
    return {
      version: info.version,
      hash: info.hash,
      changed,
      changes,
      people,
      // A Controller of the release before says nothing of rollouts.
      rollouts: (rollouts ?? []).map((change) => ({
        flag: change.flag,
        generation: change.after.generation,
        from: change.from,
        to: change.to,
        text: rolloutChangeText(change),
      })),
      kv: kvPending ? 'pending' : 'written',
    }
  }
  switch (published.why) {
    case 'invalid': {
      const { problems } = published
      const detail = `Cannot publish: the document has ${problems.length} problem${problems.length > 1 ? 's' : ''}`
      return problemDetails(422, 'Unprocessable Content', detail, {}, { problems })
    }
    case 'conflict': {
      const { current, changes } = published
      const detail = `Cannot publish: ${current.actor} has published version ${current.version} since version ${expectedVersion}. Look at the changes, and publish again on top of it`
      return problemDetails(409, 'Conflict', detail, {}, { current: versionView(current), changes })
    }
    case 'unconfirmed': {
      const { people, limitPercent } = published
      // A Controller of the release before asks about the impact alone.
      const questions = published.questions ?? [
        `${people.movedPercent} % of visitors move, more than ${limitPercent} %`,
      ]
      return confirmationNeeded(`Publishing needs confirmation: ${questions.join('; ')}`, {
        people,
        questions,
      })
    }
    case 'missing':
      return problemDetails(404, 'Not Found', published.detail)
    case 'exists':
    case 'impossible':
      return problemDetails(409, 'Conflict', published.detail)
  }
}

/** The change needs a person's word: what for is in `questions`. */
export function confirmationNeeded(what: string, more: Readonly<Record<string, unknown>>): Response {
  return problemDetails(
    409,
    'Confirmation Needed',
    `${what}. Send "confirm": true to do it all the same`,
    {},
    more,
  )
}

export function versionView({ version, hash, atMs, actor, reason, source, bytes }: VersionInfo) {
  return { version, hash, at: isoTime(atMs), actor, reason, source, bytes }
}

/** A document as text: unchanged if given as text, otherwise formatted with two spaces. */
export function textOf(document: string | Readonly<Record<string, unknown>>): string {
  return typeof document === 'string' ? document : `${JSON.stringify(document, null, 2)}\n`
}
