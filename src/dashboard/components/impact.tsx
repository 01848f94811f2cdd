/** The impact of a change, by a sample of recent requests. */
import { useEffect, useState } from 'preact/hooks'
import { flagImpactText, type Impact, impactText, unknownImpactText } from '../../contract/words/impact.ts'
import type { JsonObject } from '../../core/json-object.ts'
import { useSession } from '../state/session.ts'

type ImpactListProps = {
  impact: Impact
  /** Only this flag, whose name needs no saying then. */
  flag?: string
}

/** What each flag moves. */
export function ImpactList({ impact, flag }: ImpactListProps) {
  const flags = impact.flags.filter((each) => flag === undefined || each.flag === flag)
  if (flags.length === 0) return <p class="impact">{impactText(impact)}.</p>
  const unknown = unknownImpactText(impact)
  return (
    <ul class="impact">
      {flags.map((each) => (
        <li key={each.flag}>
          {flag === undefined && (
            <>
              <code>{each.flag}</code>:{' '}
            </>
          )}
          {flagImpactText(each, impact)}
        </li>
      ))}
      {unknown && <li class="hint">{unknown}.</li>}
    </ul>
  )
}

/** The impact of a change of the document in force; undefined while it is being computed. */
export function useImpact(
  change: ((document: JsonObject) => JsonObject | undefined) | undefined,
): Impact | 'unknown' | undefined {
  const { client } = useSession()
  const [impact, setImpact] = useState<Impact | 'unknown'>()
  useEffect(() => {
    if (change === undefined) return
    const stop = new AbortController()
    const replay = async (): Promise<Impact | 'unknown'> => {
      const { document } = await client.call('getDocument', {}, stop.signal)
      const changed = change(document)
      if (changed === undefined) return 'unknown'
      const { valid, people } = await client.call(
        'diffDocument',
        { body: { document: changed } },
        stop.signal,
      )
      return valid ? people : 'unknown'
    }
    replay().then(
      (found) => !stop.signal.aborted && setImpact(found),
      () => !stop.signal.aborted && setImpact('unknown'),
    )
    return () => stop.abort()
  }, [client, change])
  return impact
}

/** The impact, also while it is being computed and where it is unknown. */
export function ImpactNotice({ impact, flag }: { impact: Impact | 'unknown' | undefined; flag?: string }) {
  if (impact === undefined) return <p class="impact muted">Replaying recent requests…</p>
  if (impact === 'unknown') return <p class="hint">The impact could not be computed from recent requests.</p>
  return flag === undefined ? (
    <p class="impact">{impactText(impact)}.</p>
  ) : (
    <ImpactList impact={impact} flag={flag} />
  )
}
