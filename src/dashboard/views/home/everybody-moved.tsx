/** How many visitors closing everything moves, by a sample of recent requests. */
import { useEffect, useState } from 'preact/hooks'
import type { AdminClient } from '../../../contract/client.ts'
import type { PeopleMoved } from '../../../contract/responses.ts'
import { percentText, plural } from '../../state/format.ts'
import { useSession } from '../../state/session-context.ts'

export function EverybodyMoved() {
  const { client } = useSession()
  const [people, setPeople] = useState<PeopleMoved | 'unknown'>()
  useEffect(() => {
    const stop = new AbortController()
    closeAll(client, stop.signal).then(
      (found) => !stop.signal.aborted && setPeople(found),
      () => !stop.signal.aborted && setPeople('unknown'),
    )
    return () => stop.abort()
  }, [client])
  return <p class="people">{textOf(people)}</p>
}

/** A document in which every flag is disabled decides as a kill of all would. */
async function closeAll(client: AdminClient, signal: AbortSignal): Promise<PeopleMoved> {
  const { document } = await client.call('getDocument', {}, signal)
  const flags = Object.entries(document.flags as Record<string, object>)
  const closed = Object.fromEntries(flags.map(([key, flag]) => [key, { ...flag, enabled: false }]))
  const body = { document: { ...document, flags: closed } }
  return (await client.call('diffDocument', { body }, signal)).people
}

function textOf(people: PeopleMoved | 'unknown' | undefined): string {
  if (people === undefined) return 'Trying it on recent visitors…'
  if (people === 'unknown' || people.movedPercent === null) {
    return 'No recent requests to try it on: how many visitors move is not known.'
  }
  return `${percentText(people.movedPercent)} of ${plural(people.samples, 'recent request')} would get something else.`
}
