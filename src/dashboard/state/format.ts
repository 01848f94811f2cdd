/** Numbers as people read them. */

const whole = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

export const countText = (count: number): string => whole.format(count)
export const shortCount = (count: number): string =>
  count < 10_000 ? whole.format(count) : compact.format(count)

/** A rate of 0 to 1 as a percentage; small ones keep two digits. */
export function rateText(rate: number | null | undefined): string {
  if (rate === null || rate === undefined) return '–'
  const percent = rate * 100
  if (percent === 0) return '0 %'
  return `${percent >= 10 ? percent.toFixed(0) : Number(percent.toPrecision(2))} %`
}

/** A percentage of the document, which is exact. */
export const percentText = (percent: number): string => `${Number(percent.toFixed(3))} %`

export function msText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–'
  return ms < 1_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`
}

/** A value of a JSON document on one line. */
export function jsonText(value: unknown, most = 80): string {
  const text = value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`
