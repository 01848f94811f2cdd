/** The picture docs/guard-detection.svg: detection time against effect size, on logarithmic scales. */

import type { Report } from './report.ts'
import { SWEEP_RATES } from './rows/sweep.ts'

const WIDTH = 760
const HEIGHT = 440
const LEFT = 64
const RIGHT = 640
const TOP = 56
const BOTTOM = 380
const LEAST_S = 0.3
const MOST_S = 600
const LEAST_RATE = 0.0025

const OURS = '#1d4ed8'
const FLAGGER = '#c2410c'
const BOUND = '#4b5563'

type Point = { rate: number; seconds: number }

const x = (rate: number) => LEFT + ((RIGHT - LEFT) * Math.log(rate / LEAST_RATE)) / Math.log(1 / LEAST_RATE)
const y = (seconds: number) =>
  BOTTOM - ((BOTTOM - TOP) * Math.log(Math.max(seconds, LEAST_S) / LEAST_S)) / Math.log(MOST_S / LEAST_S)

export function pictureSvg({ rows }: Report): string {
  const figures = rows.find(({ id }) => id === 'sweep')?.figures ?? []
  const points = (of: (index: number) => number | undefined): Point[] =>
    SWEEP_RATES.map((rate, index) => ({ rate, seconds: of(index) ?? Infinity })).filter(({ seconds }) =>
      Number.isFinite(seconds),
    )
  const medians = points((index) => figures[2 * index]?.value)
  const slowest = points((index) => figures[2 * index + 1]?.value)
  const flagger = points((index) => figures[2 * index]?.beside.flagger)
  // Below a tick the bound is of no use to anybody who looks once a second.
  const bound = points((index) => figures[2 * index]?.beside.bound).filter(({ seconds }) => seconds > LEAST_S)
  const band = [...medians, ...slowest.toReversed()]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title" font-family="system-ui, sans-serif" font-size="13">
<title id="title">Seconds until a failing canary is closed, against its error rate: the guard, Flagger's rule, and the bound</title>
<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#ffffff"/>
<text x="${LEFT}" y="26" font-size="15" font-weight="600" fill="#111827">Seconds until a failing canary is closed</text>
<text x="${LEFT}" y="44" fill="#4b5563">canary 5 % of 1,000 requests/s, control fails 0.1 %</text>
${grid()}
<polygon points="${coordinates(band)}" fill="${OURS}" opacity="0.14"/>
${line(bound, BOUND, '5 4')}
${line(flagger, FLAGGER, '')}
${line(medians, OURS, '')}
${medians.map(({ rate, seconds }) => `<circle cx="${at(x(rate))}" cy="${at(y(seconds))}" r="3.2" fill="${OURS}"/>`).join('\n')}
${label(flagger, FLAGGER, 'Flagger')}
${label(medians, OURS, 'guard')}
${label(bound, BOUND, 'bound')}
${neverText(flagger)}
<text x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 18}" text-anchor="middle" fill="#374151">error rate of the canary</text>
</svg>
`
}

const at = (value: number) => value.toFixed(1)

function coordinates(points: readonly Point[]): string {
  return points.map(({ rate, seconds }) => `${at(x(rate))},${at(y(seconds))}`).join(' ')
}

function line(points: readonly Point[], color: string, dashes: string): string {
  const dashed = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`
  return `<polyline points="${coordinates(points)}" fill="none" stroke="${color}" stroke-width="2.2" stroke-linejoin="round"${dashed}/>`
}

/** A name at the end of a line, instead of a legend. */
function label(points: readonly Point[], color: string, name: string): string {
  const last = points.at(-1)
  if (last === undefined) return ''
  return `<text x="${at(x(last.rate) + 10)}" y="${at(y(last.seconds) + 4)}" fill="${color}" font-weight="600">${name}</text>`
}

function neverText(flagger: readonly Point[]): string {
  const first = flagger[0]
  if (first === undefined) return ''
  const text = 'Flagger: never, left of this'
  return `<text x="${at(x(first.rate) - 8)}" y="${at(y(first.seconds) + 4)}" text-anchor="end" fill="${FLAGGER}">${text}</text>`
}

function grid(): string {
  const times = [1, 10, 100].map(
    (seconds) =>
      `<line x1="${LEFT}" x2="${RIGHT}" y1="${at(y(seconds))}" y2="${at(y(seconds))}" stroke="#e5e7eb"/>` +
      `<text x="${LEFT - 8}" y="${at(y(seconds) + 4)}" text-anchor="end" fill="#6b7280">${seconds} s</text>`,
  )
  const rates = [0.003, 0.01, 0.03, 0.1, 0.3, 1].map(
    (rate) =>
      `<line x1="${at(x(rate))}" x2="${at(x(rate))}" y1="${TOP}" y2="${BOTTOM}" stroke="#e5e7eb"/>` +
      `<text x="${at(x(rate))}" y="${BOTTOM + 20}" text-anchor="middle" fill="#6b7280">${Number((rate * 100).toPrecision(2))} %</text>`,
  )
  return [...times, ...rates].join('\n')
}
