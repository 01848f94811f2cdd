import { toJsonSchema } from '@valibot/to-json-schema'
import { DESCRIPTIONS } from '../../src/core/config/schema/descriptions.ts'
import { gateDocumentSchema } from '../../src/core/config/schema/document.ts'

/** The part of JSON Schema that the generated one uses. */
export type JsonSchema = {
  title?: string
  description?: string
  type?: string
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: JsonSchema | boolean
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  default?: unknown
  pattern?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  $ref?: string
}

/**
 * JSON Schema of the gate document, for editors and for other languages. Checks between parts are not in it.
 * Throws where a description belongs to no key of the document.
 */
export function gateDocumentJsonSchema(): JsonSchema {
  const schema = toJsonSchema(gateDocumentSchema, { typeMode: 'input', errorMode: 'ignore' }) as JsonSchema
  const unused = new Set(Object.keys(DESCRIPTIONS))
  describe(schema, '', unused)
  if (unused.size > 0) throw new Error(`Descriptions must name keys of the document: ${[...unused]}`)
  return { ...schema, title: 'Sluice gate document' }
}

/** Writes the descriptions of all keys below a path into their schemas. */
function describe(schema: JsonSchema, path: string, unused: Set<string>): void {
  for (const { properties = {}, additionalProperties } of alternativesOf(schema)) {
    for (const [key, property] of Object.entries(properties)) {
      const below = path === '' ? key : `${path}.${key}`
      const description = DESCRIPTIONS[below]
      if (description !== undefined) property.description = description
      unused.delete(below)
      describe(property, below, unused)
    }
    if (typeof additionalProperties === 'object') describe(additionalProperties, `${path}.*`, unused)
  }
}

/** A schema itself, what a list of it holds, and what it may be instead. */
function alternativesOf(schema: JsonSchema): JsonSchema[] {
  const { items, anyOf = [], oneOf = [] } = schema
  return [schema, ...[...(items ? [items] : []), ...anyOf, ...oneOf].flatMap(alternativesOf)]
}
