import { toJsonSchema } from '@valibot/to-json-schema'
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

/** JSON Schema of the gate document, for editors and for other languages. Checks between parts are not in it. */
export function gateDocumentJsonSchema(): JsonSchema {
  const schema = toJsonSchema(gateDocumentSchema, { typeMode: 'input', errorMode: 'ignore' }) as JsonSchema
  return { ...schema, title: 'Sluice gate document' }
}
