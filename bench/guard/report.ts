/** The table, for people and as JSON. */

import { type Figure, fails, meets, type Row, surely, surelyNot, type Unit } from './model/row.ts'

export type Measured = { row: Row; figures: readonly Figure[] }

function numberText(value: number, unit: Unit): string {
  if (value === Infinity) return 'never'
  if (Number.isNaN(value)) return '–'
  if (unit === 'share') return `${Number((value * 100).toFixed(2))} %`
  if (unit === 'seconds') return `${Number(value.toPrecision(3))} s`
  return unit === 'ratio' ? value.toFixed(2) : value.toPrecision(12)
}

function intervalText({ interval, unit }: Figure): string {
  if (interval === null) return 'exact'
  return `${numberText(interval.low, unit)} – ${numberText(interval.high, unit)}`
}

/** With a question mark where the 95 % interval reaches beyond the limit, so that more runs could turn it. */
function verdictText(figure: Figure): string {
  if (figure.limit === Infinity) return ''
  if (meets(figure)) return surely(figure) ? 'pass' : 'pass?'
  if (figure.miss !== undefined) return 'known miss'
  return surelyNot(figure) ? 'FAIL' : 'fail?'
}

const NAMES: Readonly<Record<string, string>> = {
  flagger: 'Flagger',
  zTest: 'z-test',
  rawCounts: 'raw counts',
}

function besideText({ beside, unit }: Figure): string {
  return Object.entries(beside)
    .map(([name, value]) => `${NAMES[name] ?? name} ${numberText(value, unit)}`)
    .join(', ')
}

function limitText({ side, limit, unit }: Figure): string {
  return limit === Infinity ? '' : `${side === 'most' ? '≤' : '≥'} ${numberText(limit, unit)}`
}

export function figureCells(figure: Figure): string[] {
  const { of, value, unit, repeats } = figure
  return [
    of,
    limitText(figure),
    numberText(value, unit),
    intervalText(figure),
    repeats.toLocaleString('en'),
    besideText(figure),
    verdictText(figure),
  ]
}

export const HEAD = ['measure', 'target', 'measured', '95 % interval', 'repeats', 'beside', 'verdict']

/** Why limits are missed, each reason once. */
export function missTexts(figures: readonly Figure[]): string[] {
  return [
    ...new Set(figures.flatMap((figure) => (figure.miss === undefined || meets(figure) ? [] : figure.miss))),
  ]
}

export function tableText({ rows }: Report): string {
  return rows
    .map(({ measure, target, figures }) => {
      const lines = [HEAD, ...figures.map(figureCells)]
      const widths = HEAD.map((_, k) => Math.max(...lines.map((line) => line[k]?.length ?? 0)))
      const text = lines.map((line) => `  ${line.map((cell, k) => cell.padEnd(widths[k] ?? 0)).join('  ')}`)
      return [
        `${measure} (${target})`,
        ...text,
        ...missTexts(figures).map((why) => `  known miss: ${why}`),
      ].join('\n')
    })
    .join('\n\n')
}

export type Mode = 'quick' | 'full' | `${number} of full`
/** What ran. */
export type Run = { mode: Mode; seed: string; seconds: number }

export type ReportedRow = {
  id: string
  measure: string
  target: string
  figures: readonly Figure[]
  /** From a separate run. */
  mode?: Mode
}
export type Report = Run & { rows: readonly ReportedRow[] }

export function reportOf(measured: readonly Measured[], run: Run): Report {
  const rows = measured.map(({ row: { id, measure, target }, figures }) => ({ id, measure, target, figures }))
  return { ...run, rows }
}

/** The first report, with rows that later runs have measured, or measured again, in the order of `ids`. */
export function merged([first, ...others]: readonly Report[], ids: readonly string[]): Report | undefined {
  if (first === undefined) return undefined
  const own = first.rows.map((row): ReportedRow => row)
  const later = others.flatMap(({ mode, rows }) => rows.map((row): ReportedRow => ({ ...row, mode })))
  const byId = new Map([...own, ...later].map((row) => [row.id, row]))
  const seconds = [first, ...others].reduce((sum, report) => sum + report.seconds, 0)
  return { ...first, seconds, rows: ids.flatMap((id) => byId.get(id) ?? []) }
}

/** Whether no figure is beyond its limit by more than chance explains. */
export function passes({ rows }: Report): boolean {
  return rows.every(({ figures }) => !figures.some(fails))
}

/** JSON has no Infinity: a time that never came is the word. */
export function toJson(report: Report): string {
  const rows = report.rows.map((row) => ({
    ...row,
    figures: row.figures.map((figure) => ({ ...figure, verdict: verdictText(figure) })),
  }))
  const replacer = (_: string, value: unknown) => (value === Infinity ? 'never' : value)
  return JSON.stringify({ ...report, passed: passes(report), rows }, replacer, 2)
}

export function fromJson(text: string): Report {
  return JSON.parse(text, (_, value: unknown) => (value === 'never' ? Infinity : value)) as Report
}
