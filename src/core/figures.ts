/** Figures as people read them: one function each for the guard's sentences, the dashboard and the command line. */

/** Stands where nothing has been measured. */
export const NO_FIGURE = '–'

/** 1234 → "1,234". */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** An estimate, which has no more than two digits: 1234.5 → "1,200", 0.2 → "1". */
export function estimateText(value: number): string {
  return countText(Number(Math.ceil(value).toPrecision(2)))
}

/** 0.95 → "p95"; half of the requests are slower than the median. */
export const quantileText = (quantile: number): string =>
  quantile === 0.5 ? 'median' : `p${Math.round(quantile * 100)}`

/** "1 flag", "1,200 flags". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`
}

/** A smaller rate is what is left of an old failure in a rate that fades. */
const LEAST_PERCENT = 0.001

/** A rate of 0 to 1 as a percentage, with two significant digits: 0.0512 → "5.1 %". */
export function rateText(rate: number | null | undefined): string {
  if (rate === null || rate === undefined) return NO_FIGURE
  const percent = rate * 100
  if (percent > 0 && percent < LEAST_PERCENT) return `< ${LEAST_PERCENT} %`
  return `${percent >= 10 ? Math.round(percent) : Number(percent.toPrecision(2))} %`
}

/** What a margin of 0.02 leaves open: "worse by up to 2 points is not excluded". */
export function marginTold(rate: number): string {
  const points = Number((rate * 100).toPrecision(2))
  return `worse by up to ${points === 1 ? '1 point' : `${points} points`} is not excluded`
}

/** A percentage that people have set, which is exact: 12.5 → "12.5 %". Null where a flag has none. */
export function percentText(percent: number | null): string {
  return percent === null ? NO_FIGURE : `${Number(percent.toFixed(3))} %`
}

/** How long something takes or has taken: "12 s", "5 min", "3 h", "9 d". */
export function durationText(durationMs: number): string {
  const seconds = Math.max(0, Math.ceil(durationMs / 1_000))
  if (seconds < 100) return `${seconds} s`
  if (seconds < 5_400 && seconds !== 3_600) return `${Math.round(seconds / 60)} min`
  return seconds < 129_600 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`
}

/** How long still: 259_200_000 → "3 more days". */
export function moreText(ms: number): string {
  const [amount = '', unit = ''] = durationText(ms).split(' ')
  const units: Readonly<Record<string, string>> = { s: 'second', min: 'minute', h: 'hour', d: 'day' }
  return `${amount} more ${units[unit]}${amount === '1' ? '' : 's'}`
}

/** A short wait to a tenth of a second, at least "0.1 s": 940 → "0.9 s". */
export function secondsText(durationMs: number): string {
  return `${Math.max(0.1, durationMs / 1_000).toFixed(1)} s`
}

/** How long ago something was: "just now", "5 min ago". */
export function agoText(ageMs: number): string {
  return ageMs < 2_000 ? 'just now' : `${durationText(ageMs)} ago`
}

/** A latency: "0.4 ms", "120 ms", "1.35 s". */
export function latencyText(latencyMs: number | null | undefined): string {
  if (latencyMs === null || latencyMs === undefined) return NO_FIGURE
  if (latencyMs >= 1_000) return `${(latencyMs / 1_000).toFixed(2)} s`
  return `${latencyMs < 10 ? latencyMs.toFixed(1) : Math.round(latencyMs)} ms`
}

/** A moment to the second, which sorts as text: `2026-11-21 08:30:05 UTC`. */
export function timestampText(iso: string): string {
  return iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')
}

/** A JSON value on one line of at most so many characters; a string stands without quotes. */
export function valueText(value: unknown, maxLength = 80): string {
  const text = value === undefined ? NO_FIGURE : typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text
}
