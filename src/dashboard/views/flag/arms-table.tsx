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

type ArmsTableProps = { status: FlagStatusView; hasControl: boolean }

/** The counts of this attempt: arm by arm, or variant by variant where no visitors are left out to compare with. */
export function ArmsTable({ status, hasControl }: ArmsTableProps) {
  const { canary, control, other } = status.arms
  const columns: readonly (readonly [name: string, counts: Counts])[] = hasControl
    ? Object.entries({ canary, control, other })
    : Object.entries(status.variants)
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
            {columns.map(([name]) => (
              <th key={name} scope="col">
                {hasControl && name !== 'other' && <i class={`key ${name}`} />} {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ROWS.map(([label, text]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {columns.map(([name, counts]) => (
                <td key={name} class={hasControl && name === 'other' ? 'muted' : undefined}>
                  {text(counts)}
                </td>
              ))}
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
