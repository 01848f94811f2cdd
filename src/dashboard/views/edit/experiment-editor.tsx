/** What a flag does with the metrics of the document: compare its variants, and guard its rollout. */
import { isObject, type JsonObject } from '../../../core/json-object.ts'
import { Checkbox, type Choice, Field, Select } from '../../components/fields.tsx'
import { AddButton, IconButton } from '../../components/icon.tsx'
import { limitOf } from '../../components/metrics/measured.ts'
import { Link } from '../../state/router.tsx'
import { NumberField, ProblemNotes, SelectField, useForm, usePlace } from './form.tsx'
import { PickField } from './pickers.tsx'

const ACTIONS: readonly Choice[] = [
  ['rollback', 'Roll back'],
  ['freeze', 'Freeze and alert'],
  ['signal', 'Alert only'],
]
const PERCENT = 5

/** The metrics of the document by name. */
function metricsOf(document: JsonObject | undefined): JsonObject {
  return isObject(document?.metrics) ? document.metrics : {}
}

const choice = (each: string): Choice => [each, each]

export function ExperimentEditor() {
  const { document, definition } = useForm()
  const { value, problems, set } = usePlace(['experiment'])
  const experiment = isObject(value) ? value : undefined
  const metrics = Object.keys(metricsOf(document))
  const variants = isObject(definition.variants) ? Object.keys(definition.variants) : []
  const others = metrics.filter((name) => name !== experiment?.primary)
  return (
    <fieldset class="card">
      <legend>Experiment</legend>
      {metrics.length === 0 && experiment === undefined ? (
        <p class="hint">
          Metrics are named in the <Link to="/document">document</Link> first.
        </p>
      ) : (
        <Checkbox
          label="Compare variants by what visitors do"
          checked={experiment !== undefined}
          onChange={(isOn) => set(isOn ? { primary: metrics[0] ?? '' } : undefined)}
        />
      )}
      {experiment && (
        <>
          <div class="pair">
            <SelectField
              path={['experiment', 'primary']}
              label="Metric that decides"
              options={metrics.map(choice)}
            />
            <PickField
              path={['experiment', 'metrics']}
              label="Further metrics"
              choices={others.map(choice)}
              add="None; choose some"
            />
          </div>
          <div class="pair">
            <PickField
              path={['experiment', 'variants']}
              label="Variants"
              choices={variants.map(choice)}
              add="All that are served; choose some"
            />
            <ControlField variants={variants} />
          </div>
        </>
      )}
      <ProblemNotes problems={problems} />
    </fieldset>
  )
}

/** The variant that others are compared with; by default the off variant, or the first. */
function ControlField({ variants }: { variants: readonly string[] }) {
  const { value, set, problems } = usePlace(['experiment', 'control'])
  return (
    <Field label="Compared with">
      <Select
        value={typeof value === 'string' ? value : ''}
        choices={[['', 'the off variant, if it takes part'], ...variants.map(choice)]}
        onChoose={(control) => set(control || undefined)}
      />
      <ProblemNotes problems={problems} />
    </Field>
  )
}

/** How far metrics may fall behind control, in the guard. */
export function GuardMetrics() {
  const { document } = useForm()
  const { value, problems, set } = usePlace(['guard', 'metrics'])
  const known = metricsOf(document)
  const guarded = isObject(value) ? value : {}
  const names = Object.keys(guarded)
  const left = Object.keys(known).filter((name) => !names.includes(name))
  const put = (entries: readonly (readonly [string, unknown])[]) =>
    set(entries.length === 0 ? undefined : Object.fromEntries(entries))
  const fresh = (name: string) => ({ [limitOf(known[name])]: PERCENT })
  const swap = (from: string, to: string) =>
    put(Object.entries(guarded).map(([name, each]) => (name === from ? [to, fresh(to)] : [name, each])))
  if (left.length === 0 && names.length === 0) return null
  return (
    <>
      {names.map((name) => (
        <div key={name} class="entry-row">
          <Field label="Metric">
            <Select
              value={name}
              choices={[name, ...left].map(choice)}
              onChoose={(next) => swap(name, next)}
            />
          </Field>
          <NumberField
            path={['guard', 'metrics', name, limitOf(known[name])]}
            label={limitOf(known[name]) === 'maxDropPercent' ? 'May drop by' : 'May rise by'}
            unit="%"
          />
          <SelectField
            path={['guard', 'metrics', name, 'action']}
            label="Beyond that"
            options={ACTIONS}
            fallback="rollback"
          />
          <IconButton
            icon="trash"
            label={`Remove the limit of ${name}`}
            onClick={() => put(Object.entries(guarded).filter(([each]) => each !== name))}
          />
        </div>
      ))}
      <ProblemNotes problems={problems} />
      {left[0] !== undefined && (
        <AddButton
          what="Metric"
          onClick={() => left[0] !== undefined && set({ ...guarded, [left[0]]: fresh(left[0]) })}
        />
      )}
    </>
  )
}
