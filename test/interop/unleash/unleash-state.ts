/** The specification of Unleash's clients, and its contexts as attributes. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { AttributeValue } from '../../../src/core/context/attributes.ts'
import type { Decision } from '../../../src/core/decision/decide.ts'

export type UnleashContext = Readonly<Record<string, unknown>> & {
  properties?: Readonly<Record<string, unknown>>
}
export type UnleashVariantResult = {
  name: string
  enabled: boolean
  feature_enabled: boolean
  payload?: { type: string; value: string }
}
type Case<Result> = {
  description: string
  context: UnleashContext
  toggleName: string
  expectedResult: Result
}
export type Specification = {
  name: string
  state: object
  tests: Case<boolean>[]
  variantTests: Case<UnleashVariantResult>[]
}

/** Every specification of `@unleash/client-specification`. */
export function specifications(): Specification[] {
  const main = createRequire(import.meta.url).resolve('@unleash/client-specification')
  const folder = join(dirname(main), 'specifications')
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  return (read('index.json') as string[]).map((file) => ({
    tests: [],
    variantTests: [],
    ...(read(file) as Omit<Specification, 'tests' | 'variantTests'>),
  }))
}

/** Fields before properties, what is null is missing, everything else is text. */
export function attributesOf({ properties = {}, ...fields }: UnleashContext): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {}
  for (const [name, value] of [...Object.entries(properties), ...Object.entries(fields)]) {
    if (value === undefined || value === null) continue
    attributes[name === 'currentTime' ? 'now' : name] = String(value)
  }
  return attributes
}

/** What an Unleash client would be told, read from a decision of the imported flag. */
export function variantOf(decision: Decision | undefined): UnleashVariantResult {
  const isOn = decision !== undefined && decision.variant !== 'off'
  const value = decision?.value
  if (!isOn || typeof value !== 'object' || value === null || decision?.variant === 'on') {
    return { name: 'disabled', enabled: false, feature_enabled: isOn }
  }
  return { ...(value as { name: string }), enabled: true, feature_enabled: isOn }
}
