import type { BaseIssue, IssuePathItem } from 'valibot'
import { keysAt, placesOf, type SchemaPart } from '../schema/objects.ts'

/** A problem of a document: where it is, what is there, what must be there, and how to fix it. */
export type Problem = {
  /** JSON path; `$` is the document: `$.flags["new-checkout"].rules[0].serve`. */
  path: string
  found: string
  expected: string
  fix: string
}

/** A longer list helps no reader, and costs memory and time by what a document asks for. */
export const MOST_PROBLEMS = 100

/** Problems as people read them, one paragraph each. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems
    .map(
      ({ path, found, expected, fix }) =>
        `  ${path}\n    found     ${found}\n    expected  ${expected}\n    fix       ${fix}`,
    )
    .join('\n')
}

export type PathKey = string | number

/** JSON path of a list of keys. */
export function jsonPath(keys: readonly PathKey[]): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`
    return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`
  }, '$')
}

const LONGEST_EXCERPT = 80

/** A value in a problem: JSON, cut to a line. */
function excerpt(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > LONGEST_EXCERPT ? `${text.slice(0, LONGEST_EXCERPT)}…` : text
}

export function problem(keys: readonly PathKey[], found: unknown, expected: string, fix: string): Problem {
  return { path: jsonPath(keys), found: excerpt(found), expected, fix }
}

/**
 * A name that refers to nothing, with the closest known name. That is looked for once it is read: of thousands of problems
 * only the first get to people, and looking for all takes seconds.
 *
 * @param known the names that there are, or what has them as keys
 */
export function dangling(
  keys: readonly PathKey[],
  found: string,
  what: string,
  known: readonly string[] | Readonly<Record<string, unknown>>,
): Problem {
  const names = () =>
    Array.isArray(known) ? (known as string[]) : namesOf(known as Readonly<Record<string, unknown>>)
  return {
    ...problem(keys, found, '', ''),
    get expected() {
      return `the name of ${what} (${listed(names(), 8) || 'none is defined'})`
    },
    get fix() {
      const guess = closest(found, names())
      return guess ? `did you mean "${guess}"?` : 'define it, or use a name that exists'
    },
  }
}

/** The first names of many, listed once for all problems: a parsed document never changes. */
const NAMES = new WeakMap<object, readonly string[]>()

function namesOf(known: Readonly<Record<string, unknown>>): readonly string[] {
  const names = NAMES.get(known) ?? Object.keys(known).slice(0, MOST_CANDIDATES)
  NAMES.set(known, names)
  return names
}

/** The first names, and whether there are more. */
function listed(names: readonly string[], most: number): string {
  return [...names.slice(0, most), ...(names.length > most ? ['…'] : [])].join(', ')
}

const MOST_KEYS = 16
const MOST_PLACES = 3

function unknownKey(keys: readonly PathKey[], schema: SchemaPart | undefined): Problem {
  const key = String(keys.at(-1))
  const known = schema === undefined ? [] : keysAt(schema, keys.slice(0, -1))
  const guess = closest(key, known)
  const places = guess === undefined ? listed(placesOf(schema, key), MOST_PLACES) : ''
  const elsewhere = places && `it is a key of ${places}: move it, or remove it`
  return {
    path: jsonPath(keys),
    found: `the unknown key ${JSON.stringify(key)}`,
    expected: known.length > 0 ? `a known key (${listed(known, MOST_KEYS)})` : 'a key of the schema',
    fix: guess === undefined ? elsewhere || 'remove it' : `did you mean "${guess}"?`,
  }
}

/** Turns a validation issue into problems. The schema says what an unknown key should have been. */
export function problemsOfIssue(issue: BaseIssue<unknown>, schema?: SchemaPart): Problem[] {
  return withinChoice(issue, []).map((each) => problemOfIssue(each, schema))
}

/**
 * When a value matches one kind of a union, the problem inside it matters. Issues inside a union have paths relative
 * to it.
 */
function withinChoice(issue: BaseIssue<unknown>, above: readonly IssuePathItem[]): BaseIssue<unknown>[] {
  const path = [...above, ...(issue.path ?? [])]
  const inner = (issue.issues ?? []).filter((each) => !isOfAnotherKind(each))
  if (issue.type === 'union' && inner.length > 0) return inner.flatMap((each) => withinChoice(each, path))
  const [first, ...rest] = path
  return [first === undefined ? issue : { ...issue, path: [first, ...rest] }]
}

function isOfAnotherKind({ kind, path, issues }: BaseIssue<unknown>): boolean {
  return kind === 'schema' && path === undefined && (issues ?? []).every(isOfAnotherKind)
}

function problemOfIssue(issue: BaseIssue<unknown>, schema: SchemaPart | undefined): Problem {
  const keys = (issue.path ?? []).map((item) => item.key as PathKey)
  const last = keys.at(-1)
  if (issue.type === 'strict_object' && issue.expected === 'never') return unknownKey(keys, schema)
  if (issue.type === 'strict_object' && issue.received === 'undefined') {
    return {
      path: jsonPath(keys),
      found: 'nothing',
      expected: `the key "${String(last)}"`,
      fix: `add "${String(last)}"`,
    }
  }
  const described = issue.kind === 'schema' && issue.message.startsWith('Invalid')
  const expected = described ? wordsFor(issue.expected ?? 'another value') : issue.message
  return {
    path: jsonPath(keys),
    found: excerpt(issue.input),
    expected,
    fix: `replace it with ${expected}`,
  }
}

/** `("a" | "b")` becomes `one of "a", "b"`; a type gets its article. */
function wordsFor(expected: string): string {
  if (expected.startsWith('(')) {
    const options = expected.slice(1, -1).split(' | ')
    return options.length > 1 ? `one of ${options.map(wordFor).join(', ')}` : wordFor(options[0] ?? '')
  }
  return wordFor(expected)
}

function wordFor(type: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'a string',
    number: 'a number',
    boolean: 'true or false',
    Array: 'a list',
    Object: 'an object',
  }
  return words[type] ?? type
}

/** Longer words are no misspelt names, and each candidate costs as much as the word is long. */
const LONGEST_WORD = 200
/** Names behind the first ones are not compared: each wrong name would cost as much as all of them. */
const MOST_CANDIDATES = 5_000

/**
 * The candidate within two edits of a word; undefined for none.
 *
 * @example closest('percantage', ['percentage', 'stages']) // 'percentage'
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = 3
  if (word.length > LONGEST_WORD) return undefined
  for (const candidate of candidates.slice(0, MOST_CANDIDATES)) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/**
 * What a name that refers to nothing may have meant; empty where none is close.
 *
 * @example `There is no flag ${key}${meant(key, keys)}` // There is no flag new-sit. Did you mean new-site?
 */
export function meant(word: string, candidates: Iterable<string>): string {
  const guess = closest(
    word,
    [...candidates].filter((each) => each !== word),
  )
  return guess === undefined ? '' : `. Did you mean ${guess}?`
}

/** Levenshtein distance, or `limit` where it is as much. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    if (Math.min(...current) >= limit) return limit
    previous = current
  }
  return previous[b.length] ?? limit
}
