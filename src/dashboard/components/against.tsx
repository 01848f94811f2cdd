/** A figure of the canary against that of control. */

type AgainstProps = {
  /** What it is a figure of, for a screen reader. */
  label: string
  canary: number | null
  /** Null where there is no control to compare with. */
  control: number | null
  format: (figure: number | null) => string
}

/** A smaller difference gets no arrow: each figure is rounded. */
const LEAST_DIFFERENCE = 0.05

/** Both figures, with an arrow where the canary's is higher or lower. */
export function Against({ label, canary, control, format }: AgainstProps) {
  const way = wayOf(canary, control)
  return (
    <span class="against">
      <span class="label">
        {label}
        <span class="visually-hidden">: </span>
      </span>
      <b>{format(canary)}</b>
      {way && (
        <i class={way.name} title={`${way.name} than control`}>
          <span aria-hidden="true">{way.arrow}</span>
          <span class="visually-hidden"> {way.name} than control, </span>
        </i>
      )}
      {control !== null && <small>control {format(control)}</small>}
    </span>
  )
}

/** Lower is better for all that is shown so. */
export function wayOf(
  canary: number | null,
  control: number | null,
): { name: 'higher' | 'lower'; arrow: string } | undefined {
  if (canary === null || control === null) return undefined
  if (Math.abs(canary - control) <= LEAST_DIFFERENCE * Math.max(canary, control)) return undefined
  return canary > control ? { name: 'higher', arrow: '↑' } : { name: 'lower', arrow: '↓' }
}
