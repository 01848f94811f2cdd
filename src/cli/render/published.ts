/** A change of the document that the gate has made. */
import type { Responses } from '../../contract/responses.ts'
import type { Call } from '../base/verb.ts'

export function publishedText(
  { paint }: Call,
  answer: Responses['publishDocument'],
  what = 'published',
): string {
  const { version, changed, kv } = answer
  if (!changed) return `Nothing changed: version ${version} is in force`
  const pending =
    kv === 'pending' ? '. KV could not be written yet and is tried again; isolates have it all the same' : ''
  return `${paint('green', '✔')} ${what}: version ${version} is in force${pending}`
}
