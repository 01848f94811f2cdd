/** `c.var.flags`: the decisions of one request, for the handlers that answer it. */

/** A flag as the gate decided it for the visitor of this request; `reason` as OpenFeature names it. */
export type FlagDecision = { value: unknown; variant: string; reason: string }

/** `c.var.flags`. A flag that is asked for counts for this request: the outcome of the request is the variant's. */
export type SluiceFlags = {
  /** Whether the flag serves another variant than its `off`. False for a flag that the document doesn't have. */
  isOn(flag: string): boolean
  /** The flag's variant; undefined for a flag that the document doesn't have. */
  variant(flag: string): string | undefined
  /** The value of the flag's variant; `defaultValue` where the document has no such flag, or its value is null. */
  value<Value>(flag: string, defaultValue: Value): Value
  /** Every flag of the document, without counting any. */
  all(): Record<string, FlagDecision>
  /**
   * Counts an event of a metric for this visitor: `track('order', { value: 49.9, id: 'order-123' })`. `value` is what it
   * adds, and the same `id` counts once. Visitors with Do Not Track or Global Privacy Control are not measured.
   */
  track(metric: string, details?: { value?: number | undefined; id?: string | undefined }): void
  /** The visitor's id, by which percentages place them; empty where it could not be established. */
  targetingKey(): string
}

/** On flags of `sluice/testing`, which the middleware leaves in place. */
export const FORCED: unique symbol = Symbol.for('sluice.forced')
