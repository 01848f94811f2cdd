/**
 * Holds what the admin API answers against its published description, config/openapi.json. Works in Node and in
 * workerd. `describedFetch` is a fetch for clients: it throws where an answer is not as described.
 */
import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema'
import openApi from '../../config/openapi.json' with { type: 'json' }

type Content = Readonly<Record<string, { schema: Schema }>>
type Described = { content?: Content; $ref?: string }
type Operation = { operationId: string; responses: Readonly<Record<string, Described>> }

export type Answer = {
  method: string
  /** Path with or without a query, from `/__sluice/api/v1` on. */
  path: string
  status: number
  contentType: string
  body: string
}

const PREFIX = openApi.servers[0]?.url ?? ''
const COMPONENTS = openApi.components as unknown as {
  schemas: Readonly<Record<string, Schema>>
  responses: Readonly<Record<string, Described>>
}

/** The operations, each with the pattern of its path; fixed paths before those with parameters. */
const OPERATIONS = Object.entries(openApi.paths as unknown as Record<string, Record<string, Operation>>)
  .sort(([a], [b]) => a.split('{').length - b.split('{').length)
  .flatMap(([template, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      pattern: new RegExp(`^${PREFIX}${template.replace(/\{\w+\}/g, '[^/]+')}$`),
      operation,
    })),
  )

/** All operations of the description, by id. */
export const OPERATION_IDS: readonly string[] = OPERATIONS.map(({ operation }) => operation.operationId)

/** What is wrong with an answer by the description; empty where nothing is. */
export function faultsOf({ method, path, status, contentType, body }: Answer): string[] {
  const operation = operationFor(method, path)
  const described = operation ? responseOf(operation, status) : COMPONENTS.responses.Problem
  const type = contentType.split(';')[0]?.trim() ?? ''
  const schema = described?.content?.[type]?.schema
  if (schema === undefined) {
    return [`${status} comes as ${type || 'nothing'}, not as ${Object.keys(described?.content ?? {})}`]
  }
  if (!type.endsWith('json')) return []
  try {
    return faultsOfValue(schema, JSON.parse(body))
  } catch (error) {
    return [`the body is not JSON: ${error instanceof Error ? error.message : error}`]
  }
}

/** What is wrong with a value that is to be an operation's good answer. */
export function faultsOfAnswer(operationId: string, value: unknown): string[] {
  const found = OPERATIONS.find(({ operation }) => operation.operationId === operationId)
  const schema = found && responseOf(found.operation, 200)?.content?.['application/json']?.schema
  return schema === undefined ? [`${operationId} is not described`] : faultsOfValue(schema, value)
}

/**
 * A fetch that holds every answer of the admin API against the description, and notes `operation status` in `seen`.
 * What is not of the admin API, and bodies of streams, it leaves alone.
 */
export function describedFetch(send: typeof fetch, seen?: Set<string>): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init)
    const request = input instanceof Request ? input : undefined
    const url = new URL(request?.url ?? String(input))
    if (!url.pathname.startsWith(`${PREFIX}/`)) return response
    const method = init?.method ?? request?.method ?? 'GET'
    const contentType = response.headers.get('content-type') ?? ''
    const isStream = contentType.startsWith('text/event-stream')
    const body = isStream ? '' : await response.clone().text()
    const faults = faultsOf({ method, path: url.pathname, status: response.status, contentType, body })
    if (faults.length > 0) {
      throw new Error(`${method} ${url.pathname} is not as described:\n${faults.join('\n')}\n${body}`)
    }
    const operation = operationFor(method, url.pathname)
    if (operation) seen?.add(`${operation.operationId} ${response.status}`)
    return response
  }
}

function operationFor(method: string, path: string): Operation | undefined {
  const plain = path.split('?')[0] ?? ''
  return OPERATIONS.find((each) => each.method === method && each.pattern.test(plain))?.operation
}

function responseOf({ responses }: Operation, status: number): Described | undefined {
  const described = responses[status] ?? responses.default
  const name = described?.$ref?.replace('#/components/responses/', '')
  return name === undefined ? described : COMPONENTS.responses[name]
}

const validators = new Map<Schema, Validator>()

function faultsOfValue(schema: Schema, value: unknown): string[] {
  let validator = validators.get(schema)
  if (validator === undefined) {
    validator = new Validator(withDefinitions(schema), '2020-12', false)
    validators.set(schema, validator)
  }
  const { valid, errors } = validator.validate(value)
  return valid ? [] : errors.map(faultText)
}

/** The schema beside those that it refers to. */
function withDefinitions(schema: Schema): Schema {
  const whole = { allOf: [schema], $defs: COMPONENTS.schemas }
  return JSON.parse(JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/')) as Schema
}

function faultText({ instanceLocation, error }: OutputUnit): string {
  return `${instanceLocation}: ${error}`
}
