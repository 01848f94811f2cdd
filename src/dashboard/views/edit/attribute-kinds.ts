/** What an attribute holds, and so which operators and which choice of values fit it. Pure. */
import { BUILT_IN_ATTRIBUTES } from '../../../core/context/attributes.ts'
import { COUNTRY_CODES, countryName } from '../../../core/context/countries.ts'
import type { Operator } from '../../../core/flags/operators.ts'
import type { JsonObject } from '../../../core/json-object.ts'
import { isObject, ownOf } from '../../../core/json-object.ts'
import type { Choice } from '../../components/fields.tsx'

type Kind = 'text' | 'choice' | 'number' | 'yes-no' | 'time' | 'address' | 'unknown'

const TEXT: readonly Operator[] = [
  'in',
  'not_in',
  'starts_with',
  'ends_with',
  'contains',
  'matches',
  'exists',
]
const NUMBER: readonly Operator[] = ['eq', 'gt', 'gte', 'lt', 'lte', 'in', 'not_in', 'exists']
const VERSION: readonly Operator[] = ['semver_eq', 'semver_gt', 'semver_gte', 'semver_lt', 'semver_lte']

/** The first is what a new condition starts with. */
const OPERATORS_OF: Readonly<Record<Kind, readonly Operator[]>> = {
  text: TEXT,
  choice: ['in', 'not_in', 'exists'],
  number: NUMBER,
  'yes-no': ['in', 'exists'],
  time: ['before', 'after'],
  address: ['in_cidr', 'in', 'not_in', 'exists'],
  unknown: [...TEXT, 'eq', 'gt', 'gte', 'lt', 'lte', 'before', 'after', ...VERSION],
}

const KINDS: Readonly<Record<string, Kind>> = {
  country: 'choice',
  continent: 'choice',
  timezone: 'choice',
  device: 'choice',
  method: 'choice',
  eu: 'yes-no',
  bot: 'yes-no',
  asn: 'number',
  now: 'time',
  ip: 'address',
  remoteAddress: 'address',
}

const WORDS: Readonly<Partial<Record<Operator, string>>> = {
  in: 'is one of',
  not_in: 'is none of',
  starts_with: 'starts with',
  ends_with: 'ends with',
  contains: 'contains',
  matches: 'matches (regular expression)',
  eq: 'is',
  gt: 'is above',
  gte: 'is at least',
  lt: 'is below',
  lte: 'is at most',
  before: 'is before',
  after: 'is after',
  semver_eq: 'is version',
  semver_gt: 'is a later version than',
  semver_gte: 'is version or later',
  semver_lt: 'is an earlier version than',
  semver_lte: 'is version or earlier',
  in_cidr: 'is in the network',
  exists: 'is present',
}

const CONTINENTS: readonly Choice[] = [
  ['AF', 'Africa'],
  ['AN', 'Antarctica'],
  ['AS', 'Asia'],
  ['EU', 'Europe'],
  ['NA', 'North America'],
  ['OC', 'Oceania'],
  ['SA', 'South America'],
]
const same = (values: readonly string[]): Choice[] => values.map((value): Choice => [value, value])

/** In the order of their names. */
export const COUNTRIES: readonly Choice[] = COUNTRY_CODES.map(
  (code): Choice => [code, `${countryName(code)} (${code})`],
).sort(([, a], [, b]) => a.localeCompare(b))

export function timezones(): readonly Choice[] {
  return same(['UTC', ...Intl.supportedValuesOf('timeZone')])
}

export function kindOf(attribute: string): Kind {
  if (Object.hasOwn(KINDS, attribute)) return KINDS[attribute] ?? 'unknown'
  return Object.hasOwn(BUILT_IN_ATTRIBUTES, attribute) ? 'text' : 'unknown'
}

/** The values to choose from, those that recent visitors have first; undefined where any text may be one. */
export function choicesFor(attribute: string, recent: readonly string[] = []): readonly Choice[] | undefined {
  const choices = allChoicesFor(attribute)
  const isRecent = ([value]: Choice) => recent.includes(value)
  return choices && [...choices.filter(isRecent), ...choices.filter((choice) => !isRecent(choice))]
}

function allChoicesFor(attribute: string): readonly Choice[] | undefined {
  switch (attribute) {
    case 'country':
      return COUNTRIES
    case 'continent':
      return CONTINENTS
    case 'timezone':
      return timezones()
    case 'device':
      return same(['desktop', 'mobile', 'tablet', 'tv'])
    case 'method':
      return same(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
    default:
      return undefined
  }
}

export function operatorsFor(attribute: string): readonly Choice[] {
  const kind = kindOf(attribute)
  const wordOf = (op: Operator) => (kind === 'yes-no' && op === 'in' ? 'is' : (WORDS[op] ?? op))
  return OPERATORS_OF[kind].map((op): Choice => [op, wordOf(op)])
}

/** The words of any operator, for one that a document has although it doesn't fit. */
export function operatorText(op: string): string {
  return WORDS[op as Operator] ?? op
}

/** A condition to begin with. */
export function conditionOn(attribute: string): JsonObject {
  const op = OPERATORS_OF[kindOf(attribute)][0] ?? 'in'
  return { attribute, op, ...(op !== 'exists' && { values: kindOf(attribute) === 'yes-no' ? [true] : [] }) }
}

export type AttributeGroup = { label: string; attributes: readonly Choice[] }

/** Every attribute that a condition can ask for, with what it holds: the document's own first. */
export function attributeGroups(document: JsonObject): readonly AttributeGroup[] {
  const { attributes } = isObject(document.context) ? document.context : {}
  const own = isObject(attributes) ? Object.keys(attributes) : []
  const known = Object.entries(BUILT_IN_ATTRIBUTES)
  return [
    ...(own.length > 0 ? [{ label: 'Of this gate', attributes: same(own) }] : []),
    { label: 'Of every request', attributes: known.map(([name]): Choice => [name, name]) },
  ]
}

/** What an attribute holds, in a sentence without marks; undefined for one that the gate doesn't know. */
export function aboutAttribute(attribute: string): string | undefined {
  const text = ownOf(BUILT_IN_ATTRIBUTES, attribute)
  return text?.replaceAll('`', '')
}
