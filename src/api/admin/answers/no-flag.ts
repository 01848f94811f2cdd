/** Answers to calls that name a flag which is not there. */
import { KILL_ALL } from '../../../core/config/control.ts'
import { meant } from '../../../core/config/parse/problems.ts'
import { problemDetails } from '../../../platform/problem-details.ts'
import type { Call } from './call.ts'

/** That the document has no such flag, with what its key may have meant. */
export function noFlag(key: string, flags: { keys(): Iterable<string> }, cannot = ''): Response {
  return problemDetails(
    404,
    'Not Found',
    `${cannot}The document has no flag ${key}${meant(key, flags.keys())}`,
  )
}

/** Any flag that was in a document has a record of that: more than this, of all flags, hide none. */
const MOST_RECORDS = 1_000

/** The answer where a flag is not in the document and never was; undefined where it is, was, is `*`, or none is named. */
export async function noFlagEver(
  key: string | undefined,
  { live, controller }: Pick<Call<'listAudit'>, 'live' | 'controller'>,
): Promise<Response | undefined> {
  const { flags } = live.last.snapshot
  if (key === undefined || key === KILL_ALL || flags.has(key)) return undefined
  const records = await controller.audit({ flag: key, limit: MOST_RECORDS })
  if (records.some(({ flag }) => flag !== KILL_ALL)) return undefined
  // An isolate that has just started knows the built-in document alone.
  const known = await controller.flagFacts(key)
  return known.flags.length > 0 ? undefined : noFlag(key, flags)
}
