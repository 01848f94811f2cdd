import * as v from 'valibot'
import { messageOf } from '../../message-of.ts'
import { type GateDocument, gateDocumentSchema } from '../schema/document.ts'
import { inexactProblems, inexactSteps } from './exact.ts'
import { MOST_PROBLEMS, type Problem, problem, problemsOfIssue } from './problems.ts'
import { inspectJson } from './readable.ts'
import { referenceProblems, referenceSteps } from './references.ts'

export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: readonly Problem[] }

/**
 * Longer texts are refused unread: a document of 10,000 flags is about 5 MB, an isolate has 128 MB, and parsing takes
 * several times the text's size.
 */
export const LARGEST_DOCUMENT_CHARACTERS = 16_000_000

/** Beyond this many values only the first problem of shape is reported: all of them may not fit in memory. */
const MOST_VALUES_LISTED = 50_000

/** Flags checked per step: a millisecond or two. */
const FLAGS_AT_ONCE = 100

/**
 * Parses the text of a gate document. Never throws: problems come back as a list. Shape is checked first, references
 * between parts only once the shape is right.
 *
 * @example const parsed = parseDocument(text); if (!parsed.ok) report(parsed.problems)
 */
export function parseDocument(text: string): Parsed<GateDocument> {
  const json = parseJson(text)
  if (!json.ok) return json
  return parseDocumentValue(json.value)
}

/** `parseDocument` for a value that is JSON already. */
export function parseDocumentValue(value: unknown): Parsed<GateDocument> {
  const { problems: unreadable, valueCount } = inspectJson(value)
  if (unreadable.length > 0) return { ok: false, problems: unreadable.slice(0, MOST_PROBLEMS) }
  const shape = v.safeParse(gateDocumentSchema, value, { abortEarly: valueCount > MOST_VALUES_LISTED })
  if (!shape.success) {
    const problems = shape.issues
      .slice(0, MOST_PROBLEMS)
      .flatMap((issue) => problemsOfIssue(issue, gateDocumentSchema))
    return { ok: false, problems: problems.slice(0, MOST_PROBLEMS) }
  }
  return sound(shape.output, referenceProblems(shape.output))
}

/**
 * `parseDocument` in steps, as a document of 5,000 flags takes a tenth of a second and more. Awaits `rest` between
 * steps.
 */
export async function parseDocumentInSteps(
  text: string,
  rest: () => Promise<unknown>,
): Promise<Parsed<GateDocument>> {
  const json = readJson(text)
  if (!json.ok) return json
  const { value } = json
  const flags = Object.entries((value as Partial<GateDocument> | null)?.flags ?? {})
  if (flags.length <= FLAGS_AT_ONCE) return parseDocument(text)
  const exactness = inexactSteps(text, value)
  let step = exactness.next()
  for (; !step.done; step = exactness.next()) await rest()
  if (step.value.length > 0) return { ok: false, problems: step.value }
  const whole = await shapeInSteps(value as object, flags, rest)
  // Report all problems at once, as without steps.
  if (whole === undefined) return parseDocumentValue(value)
  const problems: Problem[] = []
  for (const some of referenceSteps(whole)) {
    problems.push(...some.slice(0, MOST_PROBLEMS))
    await rest()
  }
  return sound(whole, problems)
}

/** The document with defaults filled in; undefined when its shape is wrong. */
async function shapeInSteps(
  value: object,
  flags: [string, unknown][],
  rest: () => Promise<unknown>,
): Promise<GateDocument | undefined> {
  const { entries } = gateDocumentSchema
  const others = { ...value, flags: {} }
  if (inspectJson(others).problems.length > 0) return undefined
  const frame = v.safeParse(gateDocumentSchema, others, { abortEarly: true })
  if (!frame.success) return undefined
  const parsed: GateDocument['flags'] = {}
  for (let from = 0; from < flags.length; from += FLAGS_AT_ONCE) {
    await rest()
    const some = Object.fromEntries(flags.slice(from, from + FLAGS_AT_ONCE))
    if (inspectJson({ flags: some }).problems.length > 0) return undefined
    const part = v.safeParse(entries.flags, some, { abortEarly: true })
    if (!part.success) return undefined
    Object.assign(parsed, part.output)
  }
  await rest()
  return { ...frame.output, flags: parsed }
}

/** The document, where nothing is wrong between its parts. */
function sound(document: GateDocument, problems: readonly Problem[]): Parsed<GateDocument> {
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, MOST_PROBLEMS) }
  return { ok: true, value: document }
}

/** Parses JSON; an oversized text, a syntax error, or what JSON.parse would lose without a word becomes a problem. */
export function parseJson(text: string): Parsed<unknown> {
  const json = readJson(text)
  if (!json.ok) return json
  const problems = inexactProblems(text, json.value)
  return problems.length > 0 ? { ok: false, problems } : json
}

/** The value of a JSON text, in one piece. */
function readJson(text: string): Parsed<unknown> {
  if (text.length > LARGEST_DOCUMENT_CHARACTERS) {
    const expected = `at most ${LARGEST_DOCUMENT_CHARACTERS.toLocaleString('en')} characters`
    return failure(problem([], `${text.length.toLocaleString('en')} characters`, expected, 'make it smaller'))
  }
  try {
    // Some editors and shells begin a file with a byte order mark.
    return { ok: true, value: JSON.parse(text.replace(/^\uFEFF/, '')) as unknown }
  } catch (error) {
    const reason = messageOf(error)
    return failure(problem([], text.slice(0, 40), 'valid JSON', `fix the syntax: ${reason}`))
  }
}

function failure(only: Problem): { ok: false; problems: readonly Problem[] } {
  return { ok: false, problems: [only] }
}
