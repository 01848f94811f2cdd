/** Body and query of a call of the admin API, checked against the contract. */
import * as v from 'valibot'
import { requestSchemas } from '../../contract/requests.ts'
import type { OperationId } from '../../contract/routes.ts'
import { inexactProblems } from '../../core/config/parse/exact.ts'
import { LARGEST_DOCUMENT_CHARACTERS } from '../../core/config/parse/parse.ts'
import { DEEPEST_LEVEL, isDeeperThan } from '../../core/config/parse/readable.ts'
import { readBoundedText } from '../../platform/bounded-body.ts'
import { problemDetails } from '../../platform/problem-details.ts'

const LARGEST_BODY_BYTES = 64_000
/** For calls that carry a document; a character may take three bytes. */
const LARGEST_DOCUMENT_BODY_BYTES = 3 * LARGEST_DOCUMENT_CHARACTERS
const WITH_DOCUMENT: readonly OperationId[] = [
  'validateDocument',
  'diffDocument',
  'publishDocument',
  'createFlag',
  'patchFlag',
]
/** A body may hold a document some levels down; a document that is too deep has its own problem to report. */
const DEEPEST_BODY_LEVEL = 2 * DEEPEST_LEVEL

type Parts = { body: unknown; query: unknown }

/**
 * Parses body and query of an operation.
 *
 * @returns the parsed parts, or the response that refuses them: 413 for a body that is too large, otherwise 400
 */
export async function parseCall(id: OperationId, request: Request): Promise<Parts | Response> {
  const { bodies, queries } = requestSchemas()
  const given = Object.fromEntries(new URL(request.url).searchParams)
  const query = isIn(queries, id) ? parseWith(queries[id], given, 'query') : undefined
  if (query instanceof Response) return query
  if (!isIn(bodies, id)) return { body: undefined, query }
  const mostBytes = WITH_DOCUMENT.includes(id) ? LARGEST_DOCUMENT_BODY_BYTES : LARGEST_BODY_BYTES
  const text = await readBoundedText(request, mostBytes)
  if (text === undefined) {
    const detail = `The body must be at most ${mostBytes.toLocaleString('en')} bytes`
    return problemDetails(413, 'Content Too Large', detail)
  }
  const json = jsonOf(text)
  if (json === undefined) return badRequest('The body must be JSON')
  const [lost] = inexactProblems(text, json)
  if (lost !== undefined)
    return badRequest(`body${lost.path.slice(1)}: found ${lost.found}, expected ${lost.expected}`)
  if (Array.isArray(json)) return badRequest('body: must be a JSON object, not a list')
  // Publishing recurses into a body level by level.
  if (isDeeperThan(json, DEEPEST_BODY_LEVEL)) {
    return badRequest(`The body must be at most ${DEEPEST_BODY_LEVEL} levels deep`)
  }
  const body = parseWith(bodies[id], json, 'body')
  return body instanceof Response ? body : { body, query }
}

function isIn<T extends object>(schemas: T, id: string): id is keyof T & string {
  return Object.hasOwn(schemas, id)
}

function parseWith(schema: v.GenericSchema, input: unknown, where: string): unknown | Response {
  const result = v.safeParse(schema, input)
  if (result.success) return result.output
  const issue = result.issues[0]
  const place = v.getDotPath(issue)
  return badRequest(`${where}${place ? `.${place}` : ''}: ${issue.message}`)
}

/** A missing body is an empty object: most operations need none. */
function jsonOf(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function badRequest(detail: string): Response {
  return problemDetails(400, 'Bad Request', detail)
}
