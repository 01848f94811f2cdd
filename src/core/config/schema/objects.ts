/**
 * Objects of the document. Valibot also takes a list for an object, with numbers as its keys; nobody who writes a list
 * means that.
 */
import * as v from 'valibot'

/** An object with these keys and no others. */
export function strictObject<const Entries extends v.ObjectEntries>(
  entries: Entries,
): v.StrictObjectSchema<Entries, undefined> {
  return noList(v.strictObject(entries))
}

/** An object whose keys are names. */
export function record<
  const Key extends v.BaseSchema<string, string, v.BaseIssue<unknown>>,
  const Value extends v.GenericSchema,
>(key: Key, value: Value): v.RecordSchema<Key, Value, undefined> {
  return noList(v.record(key, value))
}

function noList<Schema extends v.GenericSchema>(schema: Schema): Schema {
  const run: v.GenericSchema['~run'] = (dataset, config) => {
    if (!Array.isArray(dataset.value)) return schema['~run'](dataset, config)
    // What a text gets, which is no object either, but with the list as what was found.
    const refused = schema['~run']({ value: '' }, config)
    const [issue, ...more] = refused.issues ?? []
    if (issue === undefined) return refused
    return { typed: false, value: dataset.value, issues: [{ ...issue, input: dataset.value }, ...more] }
  }
  return { ...schema, '~run': run }
}
