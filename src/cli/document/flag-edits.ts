/** Changes of the document in force, and what came of them. */
import { ApiError } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { impactLines, movesText } from '../../contract/words/impact.ts'
import type { Call, Result } from '../base/command.ts'
import { questionLines } from '../render/impact.ts'

type Published = Responses['publishDocument']

/** Sent with every change. */
type Editing = { confirm: boolean; expectedVersion?: number; reason?: string }

/** Makes a change; asks first where the gate wants a person's word for it. */
export async function editOne(
  call: Call,
  what: string,
  edit: (editing: Editing) => Promise<Published>,
): Promise<Result> {
  const { options } = call
  const expectedVersion = options.number('expect')
  const editing = {
    confirm: options.has('yes'),
    ...(expectedVersion !== undefined && { expectedVersion }),
    ...options.texts('reason'),
  }
  const answer = await edit(editing).catch(async (error: unknown) => {
    await askAsTheGate(call, error)
    return await edit({ ...editing, confirm: true })
  })
  return published(call, answer, what)
}

/** Asks what the gate wants a person's word for; throws every other refusal. */
export async function askAsTheGate(call: Call, error: unknown): Promise<void> {
  const { people, questions = [] } = error instanceof ApiError ? error.problem : {}
  if (people === undefined && questions.length === 0) throw error
  if (people) call.tell(impactLines(people))
  if (questions.length > 0) call.tell(questionLines(questions, call.paint))
  await call.confirm(people ? `${movesText(people)} Continue?` : 'Continue?')
}

/** The result of a published change, in the past tense: "✔ published: version 7 is in force". */
export function published(call: Call, answer: Published, what: string): Result {
  const { version, changed, kv, rollouts } = answer
  // A gate of the release before tells of none.
  for (const { flag, text } of rollouts ?? []) call.tell(`${flag}: ${text}`)
  const pending = kv === 'pending' ? '; KV follows, and running isolates have it already' : ''
  if (!changed) return { json: answer, text: `Nothing changed: version ${version} is in force${pending}` }
  return call.done(answer, `${what}: version ${version} is in force${pending}`)
}
