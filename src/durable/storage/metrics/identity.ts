/** What a ledger is about, as text: stored with it, and compared with what the document says. */
import type { Measures } from '../../../core/metrics/spec.ts'

/** What a ledger is about: its metrics on the first line, its variants on the second. */
export function identityOf({ metrics, variants }: Measures): string {
  const parts = metrics.map(({ name, definition }) => [name, definition])
  return `${JSON.stringify(parts)}\n${JSON.stringify(variants)}`
}

/** Names of the metrics that both are about, defined alike. */
export function unchangedOf(before: string, after: string): string[] {
  const partsOf = (text: string) =>
    JSON.parse(text.split('\n')[0] ?? '[]') as [name: string, ...rest: unknown[]][]
  const known = new Set(partsOf(before).map((part) => JSON.stringify(part)))
  return partsOf(after).flatMap((part) => (known.has(JSON.stringify(part)) ? [part[0]] : []))
}
