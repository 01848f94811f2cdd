/** Values that many responses share. */
import * as v from 'valibot'

export const time = v.pipe(v.string(), v.isoTimestamp())
export const count = v.pipe(v.number(), v.integer(), v.minValue(0))
export const json = v.unknown()

export const problem = v.strictObject({
  path: v.string(),
  found: v.string(),
  expected: v.string(),
  fix: v.string(),
})
