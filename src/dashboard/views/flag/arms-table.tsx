import type { FlagStatusView } from '../../../contract/responses.ts'
import { countText, msText, rateText } from '../../state/format.ts'

type Counts = FlagStatusView['arms']['canary']

const ROWS: readonly (readonly [label: string, text: (counts: Counts) => string])[] = [
  ['Requests', ({ requests }) => countText(requests)],
  ['Errors', ({ errors }) => countText(errors)],
  ['Error rate', ({ errorRate }) => rateText(errorRate)],
  ['Median', ({ p50Ms }) => msText(p50Ms)],
  ['95th percentile', ({ p95Ms }) => msText(p95Ms)],
  ['99th percentile', ({ p99Ms }) => msText(p99Ms)],
]

/** What has been counted in this attempt, arm by arm. */
export function ArmsTable({ status }: { status: FlagStatusView }) {
  const { canary, control, other } = status.arms
  const rescued = canary.rescued + other.rescued
  return (
    <section class="card" aria-label="Counts">
      <header class="card-head">
        <h2>This attempt</h2>
        <span class="hint">number {status.generation}</span>
      </header>
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">What</span>
            </th>
            <th scope="col">
              <i class="key canary" /> canary
            </th>
            <th scope="col">
              <i class="key control" /> control
            </th>
            <th scope="col">other</th>
          </tr>
        </thead>
        <tbody>
          {ROWS.map(([label, text]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{text(canary)}</td>
              <td>{text(control)}</td>
              <td class="muted">{text(other)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rescued > 0 && (
        <p class="hint">
          {countText(rescued)} failures were answered by control instead; visitors did not see them.
        </p>
      )}
    </section>
  )
}
