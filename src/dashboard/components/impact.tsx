/** Who moves, by a sample of recent requests. */
import type { PeopleMoved } from '../../contract/responses.ts'
import { countText, plural } from '../state/format.ts'

export function People({ people, flag }: { people: PeopleMoved; flag?: string }) {
  if (people.samples === 0) {
    return <p class="hint">No recent requests to try it on: who moves is not known.</p>
  }
  const flags = flag === undefined ? people.flags : people.flags.filter((each) => each.flag === flag)
  const sampled = plural(people.samples, 'recent request')
  if (flags.length === 0) {
    return <p class="people">Of {sampled}, none would get something else.</p>
  }
  return (
    <ul class="people">
      {flags.map((each) => (
        <li key={each.flag}>
          <strong>{plural(each.visitors, 'visitor')}</strong> would move
          {flag === undefined && (
            <>
              {' '}
              by <code>{each.flag}</code>
            </>
          )}
          , {each.moves.map(({ from, to, count }) => `${from} → ${to} in ${countText(count)}`).join(', ')} of{' '}
          {sampled}
          {each.countries.length > 0 && <small class="muted"> ({each.countries.join(', ')})</small>}
        </li>
      ))}
      {people.unknown > 0 && (
        <li class="hint">{plural(people.unknown, 'more request')} could not be replayed.</li>
      )}
    </ul>
  )
}
