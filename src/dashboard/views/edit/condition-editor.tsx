/** The conditions of a rule: which attribute, compared how, with what. */
import type { ComponentChildren } from 'preact'
import { matchText } from '../../../contract/words/impact.ts'
import type { PathKey } from '../../../core/config/parse/problems.ts'
import { isObject } from '../../../core/json-object.ts'
import { Checkbox, type Choice } from '../../components/fields.tsx'
import { AddButton, IconButton } from '../../components/icon.tsx'
import {
  aboutAttribute,
  attributeGroups,
  choicesFor,
  conditionOn,
  kindOf,
  operatorsFor,
  operatorText,
} from './attribute-kinds.ts'
import { CheckField, ListField, type Path, ProblemNotes, SelectField, useForm, usePlace } from './form.tsx'
import { MomentField, PickField } from './pickers.tsx'

export function Conditions({ path, title }: { path: Path; title?: string }) {
  const { value, set } = usePlace(path)
  const conditions = Array.isArray(value) ? value : []
  const without = (index: number) => conditions.filter((_, at) => at !== index)
  return (
    <div class="stack-s">
      {title && <h3>{title}</h3>}
      {conditions.length === 0 && <p class="hint">All visitors.</p>}
      {conditions.map((_, index) => (
        <Condition
          key={index}
          path={[...path, index]}
          onRemove={() => set(without(index).length === 0 ? undefined : without(index))}
        />
      ))}
      <div class="row between">
        <AddButton what="Condition" onClick={() => set([...conditions, conditionOn('country')])} />
        {conditions.length > 0 && <AudienceCount rule={path[1]} />}
      </div>
    </div>
  )
}

/** How many recent visitors meet the conditions, by the gate's sample of them. */
function AudienceCount({ rule }: { rule: PathKey | undefined }) {
  const { audience } = useForm()
  const found = audience?.find((each) => each.rule === rule)
  return (
    <output class="hint" aria-live="polite">
      {found && matchText(found)}
    </output>
  )
}

function Condition({ path, onRemove }: { path: Path; onRemove: () => void }) {
  const { value, problems, set } = usePlace(path)
  const { attribute = '', op = 'in' } = (isObject(value) ? value : {}) as { attribute?: string; op?: string }
  const operators = operatorsFor(attribute)
  const known = operators.some(([each]) => each === op)
    ? operators
    : [...operators, [op, operatorText(op)] as const]
  return (
    <div class="condition-row">
      <AttributePicker
        attribute={attribute}
        onChoose={(next) => set(conditionOn(next))}
        problems={<ProblemNotes problems={[...usePlace([...path, 'attribute']).problems, ...problems]} />}
      />
      <SelectField path={[...path, 'op']} label="Operator" isBare options={known} />
      {op === 'exists' ? <span /> : <Values path={path} attribute={attribute} op={op} />}
      <CheckField path={[...path, 'negate']} label="Not" />
      <IconButton icon="trash" label="Remove the condition" onClick={onRemove} />
    </div>
  )
}

type AttributePickerProps = {
  attribute: string
  onChoose: (attribute: string) => void
  problems: ComponentChildren
}

const FAMILIES = [
  ['header.', 'a header…'],
  ['cookie.', 'a cookie…'],
  ['query.', 'a query parameter…'],
] as const

function AttributePicker({ attribute, onChoose, problems }: AttributePickerProps) {
  const { document, examples } = useForm()
  const recent = examples?.[attribute]
  const family = FAMILIES.find(([prefix]) => attribute.startsWith(prefix))?.[0]
  const groups = attributeGroups(document ?? {})
  const isListed =
    family !== undefined || groups.some((group) => group.attributes.some(([name]) => name === attribute))
  return (
    <div class="field">
      <select
        aria-label="Attribute"
        value={family ?? attribute}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        {!isListed && <option value={attribute}>{attribute || 'Choose an attribute'}</option>}
        {groups.map(({ label, attributes }) => (
          <optgroup key={label} label={label}>
            {attributes.map(([name, text]) => (
              <option key={name} value={name} title={aboutAttribute(name)}>
                {text}
              </option>
            ))}
          </optgroup>
        ))}
        <optgroup label="By name">
          {FAMILIES.map(([prefix, text]) => (
            <option key={prefix} value={prefix}>
              {text}
            </option>
          ))}
        </optgroup>
      </select>
      {family && (
        <input
          aria-label={`Name of the ${family.slice(0, -1)}`}
          placeholder="name"
          value={attribute.slice(family.length)}
          onInput={(event) => onChoose(family + event.currentTarget.value.trim())}
        />
      )}
      <small class="hint">
        {aboutAttribute(attribute)}
        {recent && recent.length > 0 && <span class="recent-values">Recently: {recent.join(', ')}</span>}
      </small>
      {problems}
    </div>
  )
}

function Values({ path, attribute, op }: { path: Path; attribute: string; op: string }) {
  const place = usePlace([...path, 'values'])
  const recent = useForm().examples?.[attribute] ?? []
  const choices = op === 'in' || op === 'not_in' ? choicesFor(attribute, recent) : undefined
  const values = { path: [...path, 'values'], label: 'Values', isBare: true }
  if (choices) return <PickField {...values} choices={choices} add={`Add a ${attribute}`} />
  if (kindOf(attribute) === 'yes-no') {
    const isYes = Array.isArray(place.value) ? place.value[0] !== false : true
    return <Checkbox label="Yes" checked={isYes} onChange={(next) => place.set([next])} />
  }
  if (op === 'before' || op === 'after') return <MomentField {...values} path={[...path, 'values', 0]} />
  return (
    <ListField
      {...values}
      isTyped
      suggestions={recent.map((value): Choice => [value, value])}
      placeholder={op === 'in_cidr' ? '192.0.2.0/24' : 'one, or several with commas'}
    />
  )
}
