/** Object schemas that refuse lists: Valibot accepts a list as an object with numbers as keys. */
import * as v from 'valibot'

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
