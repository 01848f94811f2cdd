import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { useStore } from '../../state/store.ts'
import { colours } from '../../state/theme.ts'
import type { Chart, Drawing } from './chart.ts'

type ChartFigureProps = { title: ComponentChildren; summary: ComponentChildren; drawing: Drawing | undefined }

/** A chart with its title, and what it shows in words; the words alone where there is nothing to draw. */
export function ChartFigure({ title, summary, drawing }: ChartFigureProps) {
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        {typeof summary === 'string' ? <p class="hint">{summary}</p> : summary}
      </figcaption>
      {drawing && <Plot drawing={drawing} />}
    </figure>
  )
}

function Plot({ drawing }: { drawing: Drawing }) {
  const element = useRef<HTMLDivElement>(null)
  const chart = useRef<Chart | undefined>(undefined)
  const latest = useRef(drawing)
  latest.current = drawing
  const colouring = useStore(colours)
  const shape = `${drawing.lines.length} ${drawing.scale?.range.join(' ') ?? ''}`
  useEffect(() => {
    let isGone = false
    void import('./chart.ts').then(({ createChart }) => {
      if (!isGone && element.current) chart.current = createChart(element.current, latest.current)
    })
    return () => {
      isGone = true
      chart.current?.destroy()
      chart.current = undefined
    }
  }, [colouring, shape])
  useEffect(() => chart.current?.show(drawing), [drawing])
  return <div ref={element} class="plot" />
}
