/** Origins, routes, metrics, webhooks, alerts and change freezes of the document, by form. */
import type { ComponentChildren } from 'preact'
import { NOTIFICATION_EVENTS } from '../../../core/config/schema/rollout.ts'
import { isObject, type JsonObject } from '../../../core/json-object.ts'
import { type Choice, Field, Select } from '../../components/fields.tsx'
import { AddButton, IconButton } from '../../components/icon.tsx'
import {
  ListField,
  NumberField,
  ProblemNotes,
  SelectField,
  TextField,
  useForm,
  usePlace,
} from '../edit/form.tsx'
import { MomentField, PickField } from '../edit/pickers.tsx'
import { MetricsForm } from './metrics-form.tsx'

const EVENTS = NOTIFICATION_EVENTS.map((event): Choice => [event, event.replaceAll('-', ' ')])

export function DocumentForms() {
  return (
    <form class="stack-l" aria-label="Document" onSubmit={(event) => event.preventDefault()}>
      <Origins />
      <Routes />
      <MetricsForm />
      <Webhooks />
      <Alerts />
      <Freezes />
    </form>
  )
}

function Origins() {
  const { value, problems, set } = usePlace(['origins'])
  const origins = isObject(value) ? value : {}
  const names = Object.keys(origins)
  const rename = (from: string, to: string) => {
    if (to === '' || Object.hasOwn(origins, to)) return
    set(Object.fromEntries(Object.entries(origins).map(([name, each]) => [name === from ? to : name, each])))
  }
  return (
    <fieldset class="card">
      <legend>Origins</legend>
      {names.map((name, index) => (
        <div key={index} class="entry-row">
          <Field label="Name">
            <input value={name} onChange={(event) => rename(name, event.currentTarget.value.trim())} />
          </Field>
          <TextField path={['origins', name, 'url']} label="URL" placeholder="https://new.example.com" />
          <NumberField path={['origins', name, 'timeoutMs']} label="Timeout" unit="ms" />
          <IconButton
            icon="trash"
            label={`Remove the origin ${name}`}
            onClick={() => set(Object.fromEntries(Object.entries(origins).filter(([each]) => each !== name)))}
          />
        </div>
      ))}
      <ProblemNotes problems={problems} />
      <AddButton what="Origin" onClick={() => set({ ...origins, [nextName(names)]: { url: '' } })} />
    </fieldset>
  )
}

function nextName(names: readonly string[]): string {
  let name = 'new'
  for (let count = 2; names.includes(name); count++) name = `new-${count}`
  return name
}

/** Items of a list of the document, each in a row that can be removed. */
function Items({
  place,
  legend,
  what,
  fresh,
  row,
}: {
  place: readonly string[]
  legend: string
  what: string
  fresh: JsonObject
  row: (path: readonly (string | number)[], item: JsonObject) => ComponentChildren
}) {
  const { value, problems, set } = usePlace(place)
  const items = Array.isArray(value) ? value : []
  const put = (next: readonly unknown[]) => set(next.length === 0 && place[0] !== 'routes' ? undefined : next)
  return (
    <fieldset class="card">
      <legend>{legend}</legend>
      {items.map((item, index) => (
        <div key={index} class="entry-row">
          {row([...place, index], isObject(item) ? item : {})}
          <IconButton
            icon="trash"
            label={`Remove ${what.toLowerCase()} ${index + 1}`}
            onClick={() => put(items.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <ProblemNotes problems={problems} />
      <AddButton what={what} onClick={() => put([...items, fresh])} />
    </fieldset>
  )
}

function Routes() {
  const { definition } = useForm()
  const names = (of: unknown) => (isObject(of) ? Object.keys(of) : [])
  const choices = (of: readonly string[]) => of.map((name): Choice => [name, name])
  const [origins, flags] = [names(definition.origins), names(definition.flags)]
  return (
    <Items
      place={['routes']}
      legend="Routes: the first that fits decides"
      what="Route"
      fresh={{ path: '/new/*', origin: origins[0] ?? '' }}
      row={(path, item) => (
        <>
          <TextField path={[...path, 'path']} label="Path" />
          <Leads path={path} item={item} origins={origins} flags={flags} />
          {typeof item.flag === 'string' ? (
            variantsOf(definition, item.flag).map((variant) => (
              <SelectField
                key={variant}
                path={[...path, 'origins', variant]}
                label={`Origin of ${variant}`}
                options={choices(origins)}
              />
            ))
          ) : (
            <SelectField path={[...path, 'origin']} label="Origin" options={choices(origins)} />
          )}
        </>
      )}
    />
  )
}

function variantsOf({ flags }: JsonObject, key: string): string[] {
  const flag = isObject(flags) ? flags[key] : undefined
  return isObject(flag) && isObject(flag.variants) ? Object.keys(flag.variants) : []
}

type LeadsProps = {
  path: readonly (string | number)[]
  item: JsonObject
  origins: readonly string[]
  flags: readonly string[]
}

/** Whether a flag decides the origin, or it is always the same. */
function Leads({ path, item, origins, flags }: LeadsProps) {
  const { definition } = useForm()
  const { set } = usePlace(path)
  const choose = (flag: string) => {
    const { flag: _, origin: __, origins: ___, ...rest } = item
    if (flag === '') return set({ ...rest, origin: origins[0] ?? '' })
    const first = origins[0] ?? ''
    const each = variantsOf(definition, flag).map((variant) => [variant, first])
    set({ ...rest, flag, origins: Object.fromEntries(each) })
  }
  return (
    <Field label="Decided by">
      <Select
        value={typeof item.flag === 'string' ? item.flag : ''}
        choices={[['', 'no flag'], ...flags.map((flag): Choice => [flag, flag])]}
        onChoose={choose}
      />
    </Field>
  )
}

function Webhooks() {
  return (
    <Items
      place={['notifications', 'webhooks']}
      legend="Webhooks"
      what="Webhook"
      fresh={{ url: '' }}
      row={(path) => (
        <>
          <TextField path={[...path, 'url']} label="URL" placeholder="https://hooks.example.com/…" />
          <SelectField
            path={[...path, 'format']}
            label="Format"
            options={[
              ['json', 'JSON'],
              ['slack', 'Slack'],
            ]}
            fallback="json"
          />
          <PickField path={[...path, 'events']} label="Events" choices={EVENTS} add="All; choose some" />
          <TextField
            path={[...path, 'secretBinding']}
            label="Signed with the secret"
            placeholder="WEBHOOK_SECRET"
          />
        </>
      )}
    />
  )
}

/** When the gate speaks up by itself; which events a webhook gets stands with the webhook. */
function Alerts() {
  return (
    <fieldset class="card">
      <legend>Alerts</legend>
      <ListField
        path={['notifications', 'expiryDays']}
        label="Days before a flag expires"
        hint="So many days before its date each owner is reminded, by the event “expiring”."
        placeholder="14, 3"
        isTyped
      />
    </fieldset>
  )
}

function Freezes() {
  return (
    <Items
      place={['freezes']}
      legend="Change freezes: no stage advances meanwhile"
      what="Freeze"
      fresh={{ start: nowText(0), end: nowText(1) }}
      row={(path) => (
        <>
          <MomentField path={[...path, 'start']} label="From" />
          <MomentField path={[...path, 'end']} label="Until" />
          <TextField path={[...path, 'reason']} label="Reason" placeholder="change freeze" />
        </>
      )}
    />
  )
}

/** Midnight in so many days. */
function nowText(days: number): string {
  const at = new Date()
  at.setHours(24 * days, 0, 0, 0)
  return at.toISOString().replace('.000Z', 'Z')
}
