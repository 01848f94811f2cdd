/** Where the Durable Objects of a gate are made: options of `init` and `deploy`, since nothing can move them later. */
import type { OptionSpec } from './command.ts'
import { UsageError } from './errors.ts'
import type { Places } from './wrangler-toml.ts'

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

/** What names a place: an option of the command line, and a variable of wrangler.toml. */
const NAMED = {
  jurisdiction: { option: '--jurisdiction', variable: 'JURISDICTION', known: JURISDICTIONS },
  locationHint: { option: '--location-hint', variable: 'LOCATION_HINT', known: LOCATIONS },
} as const

/** The places that options name; `text` gives the value of one. Throws where the platform has no such place. */
export function placesOf(text: (name: string) => string | undefined): Places {
  const places: Places = {}
  for (const key of ['jurisdiction', 'locationHint'] as const) {
    const { option } = NAMED[key]
    const given = text(option.slice(2))
    if (given === undefined) continue
    const problem = placeProblem(option, NAMED[key].known, given)
    if (problem !== undefined) throw new UsageError(problem)
    places[key] = given
  }
  return places
}

/** Variables of a wrangler.toml that name no place, each with what it must be. */
export function strayPlaces(vars: Readonly<Record<string, unknown>>): { variable: string; text: string }[] {
  return Object.values(NAMED).flatMap(({ variable, known }) => {
    const text = placeProblem(variable, known, vars[variable] ?? '')
    return text === undefined ? [] : [{ variable, text }]
  })
}

/** Undefined where the platform has that place; an empty value names none, and leaves it to the platform. */
function placeProblem(what: string, known: readonly string[], given: unknown): string | undefined {
  const isKnown =
    typeof given === 'string' && (known.includes(given) || (given === '' && !what.startsWith('--')))
  return isKnown ? undefined : `${what} must be one of ${known.join(', ')}, not ${String(given)}`
}

/** What changes a place that is settled; undefined where nothing does. */
export function movedPlace(settled: Places, wanted: Places): string | undefined {
  if (wanted.jurisdiction !== undefined && wanted.jurisdiction !== settled.jurisdiction) return 'JURISDICTION'
  if (wanted.locationHint !== undefined && wanted.locationHint !== settled.locationHint)
    return 'LOCATION_HINT'
  return undefined
}
