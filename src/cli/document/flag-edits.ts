/** Changes of one flag in the document in force. */
import { ApiError } from '../../contract/client.ts'
import type { PeopleMoved, Responses } from '../../contract/responses.ts'
import type { Call, OptionSpec, Result } from '../base/verb.ts'
import { peopleText } from '../render/impact.ts'
import { publishedText } from '../render/published.ts'

export const EXPECT: OptionSpec = {
  flags: '--expect VERSION',
  summary: 'refuse if this version is no longer in force',
  kind: 'number',
}

/** What goes with every change. */
type Editing = { confirm: boolean; expectedVersion?: number; reason?: string }

/** Makes a change and says what came of it; asks first where it moves more visitors than the gate allows unasked. */
export async function editOne(
  call: Call,
  what: string,
  edit: (editing: Editing) => Promise<Responses['publishDocument']>,
): Promise<Result> {
  const [expectedVersion, reason] = [call.options.number('expect'), call.options.text('reason')]
  const editing = {
    confirm: call.options.has('yes'),
    ...(expectedVersion !== undefined && { expectedVersion }),
    ...(reason !== undefined && { reason }),
  }
  const answer = await edit(editing).catch(async (error: unknown) => {
    const people = movedBy(error)
    if (people === undefined) throw error
    call.tell(peopleText(people))
    await call.confirm(`This moves ${people.movedPercent} % of visitors. Do it?`)
    return await edit({ ...editing, confirm: true })
  })
  return { json: answer, text: publishedText(call, answer, what) }
}

/** The people whom a change would move, where the gate wants to be told that this is meant. */
function movedBy(error: unknown): PeopleMoved | undefined {
  return error instanceof ApiError ? error.problem.people : undefined
}
