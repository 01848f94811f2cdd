/** Lines over time, drawn by uPlot. Loaded only where something is drawn. */
import UPlot from 'uplot'

import { colourOf } from '../../state/theme.ts'

export type Line = {
  label: string
  /** Name of a colour of the style sheet. */
  colour: string
  values: readonly (number | null)[]
  dash?: boolean
  thin?: boolean
  /** An edge of a band: no line, no legend. */
  edge?: boolean
}

export type Drawing = {
  /** Seconds since 1970. */
  times: readonly number[]
  lines: readonly Line[]
  /** Fills between two lines, by index: the upper, then the lower. */
  bands?: readonly { lines: readonly [number, number]; colour: string }[]
  /** Vertical marks, where a stage or an attempt begins. */
  marks?: readonly { at: number; label: string; isBad?: boolean }[]
  format: (value: number) => string
  /** Top of the scale where the values stay below it. */
  minTop?: number
  log?: boolean
  /** A logarithmic scale that stays as it is. */
  scale?: { range: readonly [number, number]; splits: readonly number[] }
}

export type Chart = { show(drawing: Drawing): void; destroy(): void }

const HEIGHT_PX = 172
const MIN_LABEL_DISTANCE_PX = 40
const SYNC = 'sluice'

/** Draws into an element, as wide as it is. */
export function createChart(element: HTMLElement, first: Drawing): Chart {
  let drawing = first
  const plot = new UPlot(
    optionsFor(drawing, element.clientWidth, () => drawing),
    dataOf(drawing),
    element,
  )
  showLast(plot)
  const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }))
  resized.observe(element)
  return {
    show(next) {
      drawing = next
      plot.setData(dataOf(next))
      showLast(plot)
    },
    destroy() {
      resized.disconnect()
      plot.destroy()
    },
  }
}

function dataOf({ times, lines }: Drawing): UPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])] as UPlot.AlignedData
}

function optionsFor(drawing: Drawing, width: number, current: () => Drawing): UPlot.Options {
  const { lines, bands = [], format, minTop = 0, log = false, scale } = drawing
  const font = `11px ${getComputedStyle(document.body).fontFamily}`
  const [text, grid, bad] = [colourOf('text-3'), colourOf('line'), colourOf('bad-fill')]
  const axis = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } }
  return {
    width,
    height: HEIGHT_PX,
    padding: [8, 26, 0, 0],
    legend: { show: true, live: true },
    cursor: { sync: { key: SYNC }, points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: { time: true },
      y: scale
        ? { distr: 3, range: () => [...scale.range] }
        : log
          ? { distr: 3, range: (_, min, max) => [Math.min(0.1, min || 0.1), Math.max(minTop, max) * 2] }
          : { range: (_, __, max) => [0, Math.max(minTop, (max || 0) * 1.1)] },
    },
    axes: [
      { ...axis, space: 70, size: 26, values: (_, ticks) => ticks.map(timeText) },
      {
        ...axis,
        size: 52,
        space: 34,
        ...(scale && { splits: () => [...scale.splits], filter: (_: UPlot, splits: number[]) => splits }),
        ...(log && {
          splits: (_: UPlot, __: number, min: number, max: number) => powersOfTen(min, max),
        }),
        values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))),
      },
    ],
    series: [
      { label: 'Time', value: (_, seconds) => (seconds === null ? '–' : timeText(seconds)) },
      ...lines.map(({ label, colour, dash, thin, edge }) => ({
        label,
        stroke: edge ? 'transparent' : colourOf(colour),
        width: edge ? 0 : thin ? 1 : 1.75,
        ...(dash && { dash: [5, 4] }),
        ...(edge && { class: 'edge' }),
        points: { show: false },
        spanGaps: false,
        value: (_: UPlot, value: number | null) =>
          value === null || value === undefined ? '–' : format(value),
      })),
    ],
    bands: bands.map(({ lines: [upper, lower], colour }) => ({
      series: [upper + 1, lower + 1] as [number, number],
      fill: colourOf(colour),
    })),
    hooks: {
      setCursor: [showLast],
      drawClear: [(plot) => drawMarks(plot, current(), text, bad)],
    },
  }
}

/** Without a pointer on the chart, the legend shows the latest values. */
function showLast(plot: UPlot): void {
  const { idx } = plot.cursor
  if (idx === null || idx === undefined) plot.setLegend({ idx: plot.data[0].length - 1 }, false)
}

function powersOfTen(min: number, max: number): number[] {
  const powers: number[] = []
  for (let power = Math.ceil(Math.log10(min)); 10 ** power <= max; power++) powers.push(10 ** power)
  return powers
}

function drawMarks(plot: UPlot, { marks = [] }: Drawing, colour: string, bad: string): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.strokeStyle = colour
  ctx.fillStyle = colour
  ctx.font = `${10 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio])
  let lastX = Number.NEGATIVE_INFINITY
  for (const { at, label, isBad } of marks) {
    const x = Math.round(plot.valToPos(at, 'x', true))
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.strokeStyle = isBad ? bad : colour
    ctx.fillStyle = ctx.strokeStyle
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    if (x - lastX < MIN_LABEL_DISTANCE_PX * devicePixelRatio) continue
    lastX = x
    ctx.fillText(label, x + 4 * devicePixelRatio, bbox.top + 9 * devicePixelRatio)
  }
  ctx.restore()
}

function timeText(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleTimeString('en-GB')
}
