/** What the platform bills, as one isolate counts it. */
export type Meter = {
  /** By `class.method`; alarms and pushes included. */
  calls: Record<string, number>
  /** By the first words of the statement. */
  rows: Record<string, number>
  kvKeysRead: number
  kvWrites: number
  /** Milliseconds, by class. */
  activeMs: Record<string, number>
}
