/** The OpenAPI description of the admin API, from the contract: routes, requests, responses. */
import { toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { requestSchemas } from '../../src/contract/requests.ts'
import { RESPONSES, SHARED } from '../../src/contract/responses.ts'
import { API_PREFIX, FLAG_VERBS, type OperationId, ROUTES, type Route } from '../../src/contract/routes.ts'
import { SUMMARIES } from '../../src/contract/summaries.ts'

const { bodies: BODIES, queries: QUERIES } = requestSchemas()

const REFERENCES = {
  errorMode: 'ignore',
  overrideRef: ({ referenceId }: { referenceId: string }) => `#/components/schemas/${referenceId}`,
} as const

/** Parameters of queries that are whole numbers; all others are texts. */
const WHOLE_NUMBERS = new Set(['before', 'epoch', 'limit', 'seconds'])

type Json = { [key: string]: unknown }

/** OpenAPI 3.1, whose schemas are JSON Schema. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {}
  for (const id of Object.keys(ROUTES) as OperationId[]) {
    const { method, path }: Route = ROUTES[id]
    const templated = path.replace(/:(\w+)/g, '{$1}')
    paths[templated] = { ...paths[templated], [method.toLowerCase()]: operation(id) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice admin API',
      version,
      description: 'Steers the gate. Errors are problem details (RFC 9457).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: API_PREFIX }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'ADMIN_TOKEN, or a token made by createToken.',
        },
      },
      schemas: toJsonSchemaDefs(SHARED, { ...REFERENCES, typeMode: 'output' }),
      responses: {
        Problem: {
          description: 'What was attempted, what is so, what to do.',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  }
}

function operation(id: OperationId): Json {
  const { path, role }: Route = ROUTES[id]
  const summary = SUMMARIES[id]
  return {
    operationId: id,
    summary,
    description: `Needs the role ${role}.`,
    ...parametersOf(id, path),
    ...(Object.hasOwn(BODIES, id) && {
      requestBody: requestBodyOf(BODIES[id as keyof typeof BODIES]),
    }),
    responses: {
      200: { description: summary, content: answerOf(id) },
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

/** A body is required where `{}`, which none stands for, is not enough. */
function requestBodyOf(schema: v.GenericSchema): Json {
  return { required: !v.safeParse(schema, {}).success, content: jsonContent(schemaOf(schema, 'input')) }
}

function answerOf(id: OperationId): Json {
  if (Object.hasOwn(RESPONSES, id))
    return jsonContent(schemaOf(RESPONSES[id as keyof typeof RESPONSES], 'output'))
  return { 'text/event-stream': { schema: { type: 'string' } } }
}

function parametersOf(id: OperationId, path: string): Json {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema:
      name === 'verb' ? { enum: FLAG_VERBS } : name === 'version' ? { type: 'integer' } : { type: 'string' },
  }))
  const query = Object.hasOwn(QUERIES, id) ? Object.entries(QUERIES[id as keyof typeof QUERIES].entries) : []
  const inQuery = query.map(([name, entry]) => ({
    name,
    in: 'query',
    required: entry.type !== 'optional',
    schema: {
      type: WHOLE_NUMBERS.has(name) ? 'integer' : 'string',
      ...('wrapped' in entry && 'options' in entry.wrapped && { enum: entry.wrapped.options }),
    },
  }))
  const parameters = [...inPath, ...inQuery]
  return parameters.length === 0 ? {} : { parameters }
}

function jsonContent(schema: Json): Json {
  return { 'application/json': { schema } }
}

function schemaOf(schema: v.GenericSchema, typeMode: 'input' | 'output'): Json {
  const {
    $schema: _,
    $defs: __,
    ...rest
  } = toJsonSchema(schema, { ...REFERENCES, typeMode, definitions: SHARED })
  return rest
}
