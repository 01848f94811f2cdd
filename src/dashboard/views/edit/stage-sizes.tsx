/** How long each stage takes a healthy canary, and what it finds, by the traffic of the last hour or by figures typed in. */
import { useMemo, useState } from 'preact/hooks'
import { parseDocumentValue } from '../../../core/config/parse/parse.ts'
import { isObject, type JsonObject } from '../../../core/json-object.ts'
import { compilePlans } from '../../../core/rollout/plan.ts'
import {
  adviceText,
  findsText,
  passText,
  type Site,
  siteOf,
  sizeLadder,
} from '../../../core/rollout/sizing.ts'
import { Field } from '../../components/fields.tsx'
import { NumberInput } from '../../components/number-input.tsx'
import { useSeries } from '../../state/series.ts'
import { useSession } from '../../state/session.ts'
import { useForm } from './form.tsx'

const LAST_HOUR = { seconds: 3_600, everyMs: 60_000 }
/** Without traffic: what a site without trouble has. */
const USUAL = { requestsPerSecond: 10, errorRate: 0.005 }

/** The plan of the flag alone; undefined while it has no stages, no guard, or problems. */
function planOf(definition: JsonObject) {
  const { requires: _, ...alone } = definition
  const parsed = parseDocumentValue({
    origins: { old: { url: 'https://old.example' } },
    routes: [{ path: '/*', origin: 'old' }],
    flags: { flag: alone },
  })
  const plan = parsed.ok ? compilePlans(parsed.value).get('flag') : undefined
  return plan?.guard === undefined || plan.stages.length === 0 ? undefined : { ...plan, guard: plan.guard }
}

export function StageSizes() {
  const { client } = useSession()
  const { definition, flag } = useForm()
  const series = useSeries(client, flag, LAST_HOUR)
  const [typed, setTyped] = useState<Partial<Site>>({})
  const plan = useMemo(() => planOf(definition), [definition])
  const seen = series && siteOf(series)
  const site: Site = { ...USUAL, ...seen, ...typed }
  if (plan === undefined || !(site.requestsPerSecond > 0)) return null
  const { holdbackPercent } = isObject(definition.rollout) ? definition.rollout : {}
  const sizes = sizeLadder(
    plan.guard,
    site,
    plan.stages,
    typeof holdbackPercent === 'number' ? holdbackPercent : undefined,
  )
  return (
    <details class="stage-asks">
      <summary>How long, and what it finds</summary>
      <div class="stage-row">
        <Field label="Requests per second">
          <NumberInput
            step="any"
            min="0"
            value={round(site.requestsPerSecond)}
            onNumber={(requestsPerSecond) =>
              setTyped({ ...typed, ...(requestsPerSecond && { requestsPerSecond }) })
            }
          />
        </Field>
        <Field label="Of which fail (%)">
          <NumberInput
            step="any"
            min="0"
            max="99"
            value={round(site.errorRate * 100)}
            onNumber={(percent) =>
              setTyped({ ...typed, ...(percent !== undefined && { errorRate: percent / 100 }) })
            }
          />
        </Field>
      </div>
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">A healthy canary passes within</th>
            <th scope="col">Finds</th>
          </tr>
        </thead>
        <tbody>
          {sizes.map((size, index) => (
            <tr key={index}>
              <th scope="row">{plan.stages[index]?.percentage} %</th>
              <td>{passText(size)}</td>
              <td>{findsText(size)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        {seen === undefined
          ? 'By the figures above'
          : 'By the traffic of the last hour, unless you type others'}
        , in nine of ten cases. {adviceText(plan.guard, site, sizes)}
      </p>
    </details>
  )
}

const round = (value: number) => Number(value.toPrecision(3))
