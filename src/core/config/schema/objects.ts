/** Object schemas that refuse lists: Valibot accepts a list as an object with numbers as keys. */
import * as v from 'valibot'
import { ownOf } from '../../json-object.ts'

/** An object with these keys and no others. */
export function strictObject<const Entries extends v.ObjectEntries>(
  entries: Entries,
): v.StrictObjectSchema<Entries, undefined> {
  return noList(v.strictObject(entries))
}

/** An object with arbitrary keys of one shape. */
export function record<
  const Key extends v.BaseSchema<string, string, v.BaseIssue<unknown>>,
  const Value extends v.GenericSchema,
>(key: Key, value: Value): v.RecordSchema<Key, Value, undefined> {
  return noList(v.record(key, value))
}

function noList<Schema extends v.GenericSchema>(schema: Schema): Schema {
  const run: v.GenericSchema['~run'] = (dataset, config) => {
    if (!Array.isArray(dataset.value)) return schema['~run'](dataset, config)
    // The issue that a text gets, with the list as its input.
    const refused = schema['~run']({ value: '' }, config)
    const [issue, ...more] = refused.issues ?? []
    if (issue === undefined) return refused
    return { typed: false, value: dataset.value, issues: [{ ...issue, input: dataset.value }, ...more] }
  }
  return { ...schema, '~run': run }
}

/** As much of a schema of valibot as leads to its keys. */
export type SchemaPart = {
  readonly type: string
  /** Of an object. */
  readonly entries?: Readonly<Record<string, SchemaPart>>
  /** Of all values of a record, and of all items of a list. */
  readonly value?: SchemaPart
  readonly item?: SchemaPart
  /** Of an optional value, and of a value of several kinds; a list of words has options, too. */
  readonly wrapped?: SchemaPart
  readonly options?: readonly unknown[]
}

/** The keys that an object may have at a place. */
export function keysAt(schema: SchemaPart, place: readonly (string | number)[]): string[] {
  const parts = place.reduce<SchemaPart[]>(
    (above, key) =>
      above.flatMap((part) => kinds(ownOf(part.entries ?? {}, String(key)) ?? part.value ?? part.item)),
    kinds(schema),
  )
  return [...new Set(parts.flatMap(({ entries = {} }) => Object.keys(entries)))]
}

/** Where an object may have a key: `["origins.*", "routes[]"]`. */
export function placesOf(schema: SchemaPart | undefined, key: string, place = ''): string[] {
  const places = kinds(schema).flatMap(({ entries = {}, value, item }) => [
    ...(Object.hasOwn(entries, key) ? [place || 'the document'] : []),
    ...Object.entries(entries).flatMap(([name, part]) =>
      placesOf(part, key, place ? `${place}.${name}` : name),
    ),
    ...placesOf(value, key, `${place}.*`),
    ...placesOf(item, key, `${place}[]`),
  ])
  return [...new Set(places)]
}

function kinds(schema: SchemaPart | undefined): SchemaPart[] {
  if (schema === undefined) return []
  if (schema.wrapped !== undefined) return kinds(schema.wrapped)
  const options = (schema.options ?? []).filter((option) => typeof option === 'object')
  return options.length > 0 ? options.flatMap((option) => kinds(option as SchemaPart)) : [schema]
}
