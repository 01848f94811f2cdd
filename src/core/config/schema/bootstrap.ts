/** `bootstrap` of the document: flags that HTML pages carry, so that they need no query. */
import * as v from 'valibot'
import { strictObject } from './objects.ts'
import { flagKey, pathPattern } from './values.ts'

export const bootstrap = strictObject({
  paths: v.optional(v.pipe(v.array(pathPattern), v.minLength(1, 'at least one path')), ['/*']),
  flags: v.optional(v.array(flagKey)),
})
