/** The metrics of the document: what visitors do, counted by name. */
import { isObject } from '../../../core/json-object.ts'
import { type Choice, Field } from '../../components/fields.tsx'
import { AddButton, IconButton } from '../../components/icon.tsx'
import {
  type FieldProps,
  Frame,
  NumberField,
  ProblemNotes,
  SelectField,
  TextField,
  useField,
  usePlace,
} from '../edit/form.tsx'
import { DurationField } from '../edit/pickers.tsx'

const TYPES: readonly Choice[] = [
  ['conversion', 'Conversion: share of visitors'],
  ['count', 'Count: events per visitor'],
  ['sum', 'Sum: value per visitor'],
]
const BETTER: readonly Choice[] = [
  ['higher', 'Higher'],
  ['lower', 'Lower'],
]

export function MetricsForm() {
  const { value, problems, set } = usePlace(['metrics'])
  const metrics = isObject(value) ? value : {}
  const names = Object.keys(metrics)
  const put = (entries: readonly (readonly [string, unknown])[]) =>
    set(entries.length === 0 ? undefined : Object.fromEntries(entries))
  const rename = (from: string, to: string) => {
    if (to === '' || Object.hasOwn(metrics, to)) return
    put(Object.entries(metrics).map(([name, each]) => [name === from ? to : name, each]))
  }
  return (
    <fieldset class="card">
      <legend>Metrics: what visitors do</legend>
      {names.map((name, index) => (
        <div key={index} class="entry-row">
          <Field label="Name">
            <input value={name} onChange={(event) => rename(name, event.currentTarget.value.trim())} />
          </Field>
          <Settings name={name} metric={metrics[name]} />
          <IconButton
            icon="trash"
            label={`Remove the metric ${name}`}
            onClick={() => put(Object.entries(metrics).filter(([each]) => each !== name))}
          />
        </div>
      ))}
      <ProblemNotes problems={problems} />
      <AddButton what="Metric" onClick={() => set({ ...metrics, [freeName(names)]: {} })} />
    </fieldset>
  )
}

function freeName(names: readonly string[]): string {
  let name = 'order'
  for (let count = 2; names.includes(name); count++) name = `metric-${count}`
  return name
}

/** A path makes the gate count requests, which have no value to sum; without one the app reports the events. */
function Settings({ name, metric }: { name: string; metric: unknown }) {
  const path = ['metrics', name] as const
  const { type, request } = isObject(metric) ? metric : {}
  return (
    <>
      <SelectField path={[...path, 'type']} label="Type" options={TYPES} fallback="conversion" />
      <SelectField path={[...path, 'better']} label="Better" options={BETTER} fallback="higher" />
      {type === 'sum' ? (
        <NumberField path={[...path, 'cap']} label="Most per visitor" placeholder="learned from traffic" />
      ) : (
        <>
          <RequestField
            path={[...path, 'request']}
            label="Request that counts"
            placeholder="none: the app reports it"
          />
          {request !== undefined && (
            <>
              <StatusField path={[...path, 'request', 'status']} label="With the status" placeholder="2xx" />
              <TextField path={[...path, 'request', 'method']} label="Method" placeholder="all" />
            </>
          )}
        </>
      )}
      <DurationField path={[...path, 'window']} label="Counts for" hint="from a visitor’s first decision" />
    </>
  )
}

/** The path of the request; without one there is no request. */
function RequestField(props: FieldProps) {
  const { value, set, frame, control, placeholder } = useField(props)
  const request = isObject(value) ? value : undefined
  return (
    <Frame {...frame}>
      <input
        {...control}
        value={typeof request?.path === 'string' ? request.path : ''}
        placeholder={placeholder}
        onInput={({ currentTarget: { value: path } }) => set(path === '' ? undefined : { ...request, path })}
      />
    </Frame>
  )
}

/** A status is a number in the document, a class of them a text. */
function StatusField(props: FieldProps) {
  const { value, set, frame, control, placeholder } = useField(props)
  return (
    <Frame {...frame}>
      <input
        {...control}
        value={typeof value === 'number' || typeof value === 'string' ? String(value) : ''}
        placeholder={placeholder}
        onInput={({ currentTarget: { value: status } }) =>
          set(status === '' ? undefined : /^\d+$/.test(status) ? Number(status) : status)
        }
      />
    </Frame>
  )
}
