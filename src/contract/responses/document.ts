/** The document, its versions, and what changing it does. */
import * as v from 'valibot'
import { count, json, problem, time } from './values.ts'

export const version = v.strictObject({
  version: count,
  hash: v.string(),
  at: time,
  actor: v.string(),
  reason: v.string(),
  /** How it was published: by the admin API, by KV, or built in. */
  source: v.picklist(['api', 'kv', 'bundled']),
  bytes: count,
})

export const getDocument = v.strictObject({
  ...version.entries,
  document: v.record(v.string(), json),
  text: v.string(),
})

export const change = v.strictObject({
  path: v.string(),
  kind: v.picklist(['added', 'removed', 'changed']),
  before: json,
  after: json,
})

/** The impact of a document on the visitors whose requests were sampled recently. */
export const people = v.strictObject({
  /** Sampled requests that could be replayed; 0: the impact is unknown. */
  samples: count,
  /** Requests that could not be: the document asks for an attribute that was not recorded. */
  unknown: count,
  movedPercent: v.nullable(v.number()),
  flags: v.array(
    v.strictObject({
      flag: v.string(),
      samples: count,
      moved: count,
      movedPercent: v.number(),
      /** Moves from → to, by variant. */
      moves: v.array(v.strictObject({ from: v.string(), to: v.string(), count })),
      /** Distinct sampled visitors that change variant. */
      visitors: count,
      countries: v.array(v.string()),
    }),
  ),
})

export const diffDocument = v.strictObject({
  valid: v.boolean(),
  problems: v.array(problem),
  against: count,
  changes: v.array(change),
  /** The changes as people say them, by flag, rule name and stage. */
  summary: v.array(v.string()),
  people,
  /** True when publishing asks for `confirm`. */
  needsConfirmation: v.boolean(),
  /** What must be confirmed, in one sentence each. */
  questions: v.array(v.string()),
  /** For each rule of the flag asked about: how many recent visitors meet its conditions, of those of whom that is known. */
  audience: v.array(v.strictObject({ rule: count, samples: count, matched: count, unknown: count })),
  /** With them: attribute → the values that recent visitors have most often, as far as they identify no one. */
  examples: v.record(v.string(), v.array(v.string())),
})

export const published = v.strictObject({
  version: count,
  hash: v.string(),
  /** False: the document is what it was. */
  changed: v.boolean(),
  changes: v.array(change),
  people,
  /** What it did to rollouts that run, in one sentence each. */
  rollouts: v.array(
    v.strictObject({
      flag: v.string(),
      generation: count,
      from: v.number(),
      to: v.number(),
      text: v.string(),
    }),
  ),
  /** `pending`: KV follows, at most one write a second, and again where it failed; isolates have it all the same. */
  kv: v.picklist(['written', 'pending']),
})
