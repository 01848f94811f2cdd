/** The table, for people and as JSON. */

import { type Figure, meets, type Row, surely, type Unit } from './row.ts'

export type Measured = { row: Row; figures: readonly Figure[] }

export function numberText(value: number, unit: Unit): string {
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

/** `pass` when the figure meets its limit; `pass?` when its interval reaches beyond the limit. */
export function verdictText(figure: Figure): string {
  if (!meets(figure)) return 'FAIL'
  return surely(figure) ? 'pass' : 'pass?'
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

export function figureCells(figure: Figure): string[] {
  const { of, value, unit, side, limit, repeats } = figure
  return [
    of,
    `${side === 'most' ? '≤' : '≥'} ${numberText(limit, unit)}`,
    numberText(value, unit),
    intervalText(figure),
    repeats.toLocaleString('en'),
    besideText(figure),
    verdictText(figure),
  ]
}

export const HEAD = ['measure', 'target', 'measured', '95 % interval', 'repeats', 'beside', 'verdict']

export function tableText(measured: readonly Measured[]): string {
  return measured
    .map(({ row, figures }) => {
      const lines = [HEAD, ...figures.map(figureCells)]
      const widths = HEAD.map((_, k) => Math.max(...lines.map((line) => line[k]?.length ?? 0)))
      const text = lines.map((line) => `  ${line.map((cell, k) => cell.padEnd(widths[k] ?? 0)).join('  ')}`)
      return [`${row.measure} (${row.target})`, ...text].join('\n')
    })
    .join('\n\n')
}

export function jsonReport(measured: readonly Measured[], run: object): string {
  const rows = measured.map(({ row, figures }) => ({
    id: row.id,
    measure: row.measure,
    target: row.target,
    passed: figures.every(meets),
    figures: figures.map((figure) => ({ ...figure, passed: meets(figure), surely: surely(figure) })),
  }))
  return JSON.stringify({ ...run, passed: rows.every(({ passed }) => passed), rows }, replacer, 2)
}

/** JSON has no Infinity: a time that never came is the word. */
function replacer(_: string, value: unknown): unknown {
  return value === Infinity ? 'never' : value
}
