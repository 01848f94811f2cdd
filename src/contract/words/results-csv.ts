/** The results of a flag as a table for spreadsheets: a row for each metric and variant. */
import type { ComparisonView, ResultsView } from '../responses/results.ts'

type Cell = string | number | null | undefined

const COLUMNS = [
  'flag',
  'attempt',
  'since',
  'at',
  'metric',
  'type',
  'better',
  'role',
  'variant',
  'visitors',
  'converted',
  'total',
  'mean',
  'low',
  'high',
  'against',
  'difference',
  'difference_low',
  'difference_high',
  'word',
  'hours_left',
]

/**
 * Writes results as CSV (RFC 4180: lines end with CR LF).
 *
 * @param results what the gate answers for a flag
 * @returns a header and a row for each metric and variant; shares as in the results (-0.2 is 20 % lower), times in ISO 8601.
 * A cell is empty where there is no figure: the control has no difference
 */
export function resultsCsv({ flag, generation, sinceMs, atMs, metrics }: ResultsView): string {
  const at = new Date(atMs).toISOString()
  const rows = metrics.flatMap(({ name, type, better, role, variants, comparisons, ...metric }) =>
    variants.map(({ variant, visitors, converted, total, mean, low, high }): Cell[] => {
      const found = comparisons.find((each) => each.variant === variant)
      const hoursLeft = found?.etaMs === undefined ? null : Number((found.etaMs / 3_600_000).toPrecision(3))
      return [
        ...[flag, generation, since(metric.sinceMs ?? sinceMs), at, name, type, better, role],
        ...[variant, visitors, converted, total, mean, low, high],
        ...[found?.against, found?.relative, found?.low, found?.high, found && csvWord(found), hoursLeft],
      ]
    }),
  )
  return [COLUMNS, ...rows].map((row) => `${row.map(cellText).join(',')}\r\n`).join('')
}

/** An undecided comparison without any figure has too few visitors. */
function csvWord({ word, relative, low, high }: ComparisonView): string {
  return word === 'undecided' && relative === null && low === null && high === null ? 'too early' : word
}

/** Empty before the first visitor, who is since 0 in outcomes of earlier releases. */
const since = (ms: number | null) => (ms ? new Date(ms).toISOString() : null)

/** Hazard: a spreadsheet runs a text that begins like a formula. */
const FORMULA = /^[=+\-@\t\r]/

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell === 'number') return String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
