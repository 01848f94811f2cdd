import type { Responses } from '../../../contract/responses.ts'
import { ignoreText } from '../../../core/shadow/words.ts'
import { Card } from '../../components/layout.tsx'
import { Ago } from '../../components/time.tsx'
import { Link } from '../../state/router.tsx'
import { usePolled } from '../../state/use-polled.ts'

type Report = Responses['getShadow']

const REFRESH_MS = 5_000
const MOST_ROWS = 20
const TONES = { collecting: 'tone-accent', same: 'tone-good', different: 'tone-bad' }

/** What the compared answers of a shadow stage show. */
export function Shadow({ flag }: { flag: string }) {
  const report = usePolled('getShadow', { params: { flag } }, REFRESH_MS).value
  if (report === undefined) return null
  return (
    <Card title="Shadow traffic">
      <p class={TONES[report.verdict]}>{report.sentence}</p>
      {report.findings.length > 0 && <Findings findings={report.findings.slice(0, MOST_ROWS)} />}
      {report.shown.length > 0 && <Samples flag={flag} shown={report.shown.slice(0, MOST_ROWS)} />}
    </Card>
  )
}

function Findings({ findings }: Pick<Report, 'findings'>) {
  return (
    <table>
      <thead>
        <tr>
          <th>Route</th>
          <th>Field</th>
          <th class="number">Canary differs</th>
          <th class="number">Control with itself</th>
          <th class="number">Compared</th>
        </tr>
      </thead>
      <tbody>
        {findings.map(({ route, field, canaryOnly, controlOnly, both, samples, strength }) => (
          <tr key={`${route} ${field}`} class={strength >= 1 ? 'tone-bad' : undefined}>
            <td>{route}</td>
            <td>
              <code>{field}</code>
              <details>
                <summary>Ignore it</summary>
                In its route:{' '}
                <code>"shadow": {JSON.stringify({ ignore: [ignoreText({ route, field })] })}</code>
              </details>
            </td>
            <td class="number">{canaryOnly + both}</td>
            <td class="number">{controlOnly + both}</td>
            <td class="number">{samples}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Samples({ flag, shown }: Pick<Report, 'shown'> & { flag: string }) {
  return (
    <details>
      <summary>Latest differences</summary>
      <ul>
        {shown.map(({ at, route, differences }) => (
          <li key={`${at} ${route}`}>
            {route} <Ago at={at} /> <Link to={`/try/${flag}`}>Try</Link>
            {differences.map(({ field, control, canary }) => (
              <p key={field}>
                <code>{field}</code>: {control} → {canary}
              </p>
            ))}
          </li>
        ))}
      </ul>
    </details>
  )
}
