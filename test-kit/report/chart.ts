/** Line charts as SVG, for pages that a benchmark writes: white background, names at the ends of lines instead of a legend. */

export type Scale = 'linear' | 'log'
export type Axis = {
  label: string
  scale: Scale
  least: number
  most: number
  ticks: readonly number[]
  text?: (value: number) => string
}
export type Point = readonly [x: number, y: number]
export type Line = {
  name: string
  points: readonly Point[]
  isDashed?: boolean
  /** The other edge of a shaded band. */
  upTo?: readonly Point[]
  /** Said where the line begins. */
  before?: string
}
export type Chart = { title: string; subtitle: string; x: Axis; y: Axis; lines: readonly Line[] }

const WIDTH = 760
const HEIGHT = 400
const LEFT = 76
const RIGHT = 600
const TOP = 60
const BOTTOM = 340
const COLORS = ['#1d4ed8', '#c2410c', '#047857', '#7c3aed', '#4b5563']
/** Names closer together than this would cover each other. */
const NAME_HEIGHT = 16

const at = (value: number) => value.toFixed(1)

function place({ scale, least, most }: Axis, value: number): number {
  const clamped = Math.min(most, Math.max(least, value))
  if (scale === 'linear') return (clamped - least) / (most - least)
  return Math.log(clamped / least) / Math.log(most / least)
}

export function chartSvg({ title, subtitle, x, y, lines }: Chart): string {
  const toX = (value: number) => LEFT + (RIGHT - LEFT) * place(x, value)
  const toY = (value: number) => BOTTOM - (BOTTOM - TOP) * place(y, value)
  const coordinatesOf = (points: readonly Point[]) =>
    points.map(([a, b]) => `${at(toX(a))},${at(toY(b))}`).join(' ')
  const bandOf = ({ points, upTo }: Line, index: number) =>
    upTo &&
    `<polygon points="${coordinatesOf([...points, ...upTo.toReversed()])}" fill="${COLORS[index]}" opacity="0.14"/>`
  const beforeOf = ({ points: [first], before }: Line, index: number) =>
    first &&
    before &&
    `<text x="${at(toX(first[0]) - 8)}" y="${at(toY(first[1]) + 4)}" text-anchor="end" fill="${COLORS[index]}">${before}</text>`
  const pathOf = ({ points, isDashed }: Line, index: number) => {
    const coordinates = coordinatesOf(points)
    const dashes = isDashed ? ' stroke-dasharray="5 4"' : ''
    return `<polyline points="${coordinates}" fill="none" stroke="${COLORS[index]}" stroke-width="2.2" stroke-linejoin="round"${dashes}/>`
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title" font-family="system-ui, sans-serif" font-size="13">
<title id="title">${title}</title>
<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#ffffff"/>
<text x="${LEFT}" y="26" font-size="15" font-weight="600" fill="#111827">${title}</text>
<text x="${LEFT}" y="44" fill="#4b5563">${subtitle}</text>
${y.ticks.map((tick) => rule(y, tick, LEFT, RIGHT, toY(tick))).join('\n')}
${x.ticks.map((tick) => mark(x, tick, toX(tick))).join('\n')}
${[...lines.map(bandOf), ...lines.map(pathOf), ...lines.map(beforeOf)].filter(Boolean).join('\n')}
${names(lines, toX, toY)}
<text x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 18}" text-anchor="middle" fill="#374151">${x.label}</text>
</svg>
`
}

const textOf = ({ text }: Axis, value: number) => text?.(value) ?? value.toLocaleString('en')

function rule(axis: Axis, tick: number, left: number, right: number, y: number): string {
  return (
    `<line x1="${left}" x2="${right}" y1="${at(y)}" y2="${at(y)}" stroke="#e5e7eb"/>` +
    `<text x="${left - 8}" y="${at(y + 4)}" text-anchor="end" fill="#6b7280">${textOf(axis, tick)}</text>`
  )
}

function mark(axis: Axis, tick: number, x: number): string {
  return (
    `<line x1="${at(x)}" x2="${at(x)}" y1="${TOP}" y2="${BOTTOM}" stroke="#f3f4f6"/>` +
    `<text x="${at(x)}" y="${BOTTOM + 20}" text-anchor="middle" fill="#6b7280">${textOf(axis, tick)}</text>`
  )
}

/** Each name stands where its line ends, or below the one above. */
function names(
  lines: readonly Line[],
  toX: (value: number) => number,
  toY: (value: number) => number,
): string {
  let lowest = Number.NEGATIVE_INFINITY
  return lines
    .map(({ name, points }, index) => ({ name, index, last: points.at(-1) }))
    .filter(({ last }) => last !== undefined)
    .toSorted((a, b) => toY(a.last?.[1] ?? 0) - toY(b.last?.[1] ?? 0))
    .map(({ name, index, last = [0, 0] }) => {
      lowest = Math.max(lowest + NAME_HEIGHT, toY(last[1]) + 4)
      return `<text x="${at(toX(last[0]) + 10)}" y="${at(lowest)}" fill="${COLORS[index]}" font-weight="600">${name}</text>`
    })
    .join('\n')
}
