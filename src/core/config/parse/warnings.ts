/** What is valid in a document, and yet will not do what it seems to. */
import { countryCodeOf, isCountryCode } from '../../context/countries.ts'
import { compilePath, isOpenSegment } from '../routes/route-pattern.ts'
import type { GateDocument, RuleConfig } from '../schema/document.ts'
import { guardWarnings } from './guard-warnings.ts'
import { metricWarnings } from './metrics.ts'
import { originWarnings } from './origin-warnings.ts'
import { jsonPath, type PathKey } from './problems.ts'
import { shadowedRoutes } from './route-references.ts'
import { shadowWarnings } from './shadow-warnings.ts'
import { sunsetWarnings } from './sunset-warnings.ts'

/** About the place, a sentence without a capital or a period. */
export type Warning = { place: string; text: string }

/**
 * Warnings about a document without problems.
 *
 * @example documentWarnings(document).map(({ place, text }) => `warning: ${place}: ${text}`)
 */
export function documentWarnings(document: GateDocument): Warning[] {
  return [
    ...Object.entries(document.origins).flatMap(([name, { host, binding }]) =>
      host === 'preserve' && binding === undefined ? [warning(['origins', name, 'host'], PRESERVED)] : [],
    ),
    ...document.routes.flatMap(({ path }, index) => pathWarnings(['routes', index, 'path'], path)),
    ...shadowedRoutes(document.routes).map(({ index, text }) => warning(['routes', index], text)),
    ...Object.entries(document.flags).flatMap(([key, { rules }]) =>
      rules.flatMap((rule, index) => ruleWarnings(['flags', key, 'rules', index], rule)),
    ),
    ...originWarnings(document).map(({ name, text }) => warning(['origins', name, 'url'], text)),
    ...shadowWarnings(document),
    ...metricWarnings(document).map(({ name, text }) => warning(['metrics', name], text)),
    ...sunsetWarnings(document).map(({ at, text }) => warning(at, text)),
    ...guardWarnings(document).map(({ flag, text }) => ({ place: `flag "${flag}"`, text })),
  ]
}

const PRESERVED =
  'the host of visitors reaches an origin by its URL only on Cloudflare, within one zone; by a binding it does everywhere'

function warning(keys: readonly PathKey[], text: string): Warning {
  return { place: jsonPath(keys), text }
}

/** Segments of other pattern languages. */
const FOREIGN_SEGMENT = /^\{.*\}$|^<.*>$|[([]|\$$|^:/

function pathWarnings(at: readonly PathKey[], path: string): Warning[] {
  const warnings: Warning[] = []
  if (path.includes('**') || segmentsOf(path).some(isForeign)) {
    const text = `${path}: a whole segment can be open (* or :name), and * at the end takes the rest; other signs stand for themselves`
    warnings.push(warning(at, text))
  }
  if (path.includes(';')) {
    const { text: plain } = compilePath(path)
    warnings.push(warning(at, `${path}: parameters of a segment don't count, so it is the same as ${plain}`))
  }
  return warnings
}

/** Without the open end. */
function segmentsOf(path: string): string[] {
  return path.replace(/\*$/, '').split('/')
}

function isForeign(segment: string): boolean {
  return !isOpenSegment(segment) && (segment.includes('*') || FOREIGN_SEGMENT.test(segment))
}

function ruleWarnings(at: readonly PathKey[], { when }: RuleConfig): Warning[] {
  return when.flatMap((condition, index) => {
    const { attribute, op, values, ignoreCase } = condition
    if (op !== 'in' && op !== 'not_in') return []
    return values.flatMap((value, place) => {
      const text = ignoreCase ? String(value).toUpperCase() : String(value)
      const said =
        attribute === 'country' ? aboutCountry(text) : attribute === 'eu' ? aboutEu(text) : undefined
      return said === undefined ? [] : [warning([...at, 'when', index, 'values', place], said)]
    })
  })
}

function aboutCountry(text: string): string | undefined {
  if (isCountryCode(text)) return undefined
  const never = `no visitor has the country ${JSON.stringify(text)}`
  if (text.toUpperCase() === 'EU')
    return `${never}: ask for the attribute "eu" (member states), or "continent"`
  const code = countryCodeOf(text)
  return code === undefined
    ? `${never}: countries are ISO codes of two letters, such as "RO"`
    : `${never}: Cloudflare sends "${code}"`
}

function aboutEu(text: string): string | undefined {
  return text === 'true' || text === 'false'
    ? undefined
    : `"eu" is true or false, never ${JSON.stringify(text)}`
}
