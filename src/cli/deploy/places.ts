/** Where the Durable Objects of a gate are made: options of `init` and `deploy`, since nothing can move them later. */
import type { OptionSpec } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import type { Places } from '../base/wrangler-toml.ts'

const JURISDICTIONS = ['eu', 'fedramp', 'us']
/** As the platform names them. */
const LOCATIONS = ['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me']

export const PLACE_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--jurisdiction NAME',
    summary: `where counts, tokens and audit log must stay: ${JURISDICTIONS.join(', ')}; for good`,
  },
  {
    flags: '--location-hint REGION',
    summary: `where the Controller is made: ${LOCATIONS.join(', ')}; for good`,
  },
]

/** Throws where the platform has no such place. */
export function placesOf(text: (name: string) => string | undefined): Places {
  const jurisdiction = text('jurisdiction')
  const locationHint = text('location-hint')
  return {
    ...(jurisdiction !== undefined && { jurisdiction: oneOf('jurisdiction', JURISDICTIONS, jurisdiction) }),
    ...(locationHint !== undefined && { locationHint: oneOf('location-hint', LOCATIONS, locationHint) }),
  }
}

function oneOf(option: string, known: readonly string[], given: string): string {
  if (known.includes(given)) return given
  throw new UsageError(`--${option} must be one of ${known.join(', ')}, not ${given}`)
}

/** What changes a place that is settled; undefined where nothing does. */
export function movedPlace(settled: Places, wanted: Places): string | undefined {
  if (wanted.jurisdiction !== undefined && wanted.jurisdiction !== settled.jurisdiction) return 'JURISDICTION'
  if (wanted.locationHint !== undefined && wanted.locationHint !== settled.locationHint)
    return 'LOCATION_HINT'
  return undefined
}
