import type { FlagStatusView } from '../../../contract/responses.ts'
import { countText, latencyText, plural, rateText } from '../../../core/figures.ts'
import { Card } from '../../components/layout.tsx'

type Counts = FlagStatusView['arms']['canary']

const ROWS: readonly (readonly [label: string, text: (counts: Counts) => string])[] = [
  ['Requests', ({ requests }) => countText(requests)],
  ['Errors', ({ errors }) => countText(errors)],
  ['Error rate', ({ errorRate }) => rateText(errorRate)],
  ['Median', ({ p50Ms }) => latencyText(p50Ms)],
  ['95th percentile', ({ p95Ms }) => latencyText(p95Ms)],
  ['99th percentile', ({ p99Ms }) => latencyText(p99Ms)],
]

/** The counts of this attempt, arm by arm. */
export function ArmsTable({ status }: { status: FlagStatusView }) {
  const { canary, control, other } = status.arms
  const rescued = canary.rescued + other.rescued
  const shared = canary.pairing.shared + control.pairing.shared
  return (
    <Card title={`Attempt ${status.generation}`} label="Counts">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Figure</span>
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
        <p class="hint">{plural(rescued, 'failed request')} fell back to control, unseen by visitors.</p>
      )}
      {shared > 0 && (
        <p class="hint">
          {plural(shared, 'failed request')} failed at both origins, and {shared === 1 ? 'is' : 'are'} no
          evidence.
        </p>
      )}
    </Card>
  )
}
