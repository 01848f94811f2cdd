import type { RuleInput } from '../../../core/config/schema/document.ts'
import type { JsonObject } from '../../../core/json-object.ts'
import { Checkbox, type Choice, Segments } from '../../components/fields.tsx'
import { AddButton, IconButton } from '../../components/icon.tsx'
import { Conditions } from './condition-editor.tsx'
import { NumberField, type Path, ProblemNotes, SelectField, TextField, useForm, usePlace } from './form.tsx'
import { StagesEditor } from './stages-editor.tsx'

/** The rules, in the order in which the gate applies them. */
export function RulesEditor() {
  const { value, problems, set } = usePlace(['rules'])
  const rules = Array.isArray(value) ? (value as RuleInput[]) : []
  const { definition } = useForm()
  const move = (from: number, to: number) => {
    const next = [...rules]
    const [moved] = next.splice(from, 1)
    if (moved) next.splice(to, 0, moved)
    set(next)
  }
  return (
    <section class="stack" aria-label="Rules">
      <h2>Rules</h2>
      <p class="hint">The first rule that matches decides.</p>
      {rules.map((_, index) => (
        <RuleEditor
          key={index}
          index={index}
          onUp={index > 0 ? () => move(index, index - 1) : undefined}
          onRemove={() => set(rules.filter((__, at) => at !== index))}
        />
      ))}
      <ProblemNotes problems={problems} />
      <AddButton what="Rule" onClick={() => set([...rules, newRule(definition)])} />
    </section>
  )
}

/** A rule that serves another variant than `off`. */
function newRule({ variants, off }: JsonObject): RuleInput {
  const serve = Object.keys((variants ?? {}) as object).find((name) => name !== off) ?? String(off)
  return { serve }
}

type RuleEditorProps = { index: number; onUp: (() => void) | undefined; onRemove: () => void }

function RuleEditor({ index, onUp, onRemove }: RuleEditorProps) {
  const path: Path = ['rules', index]
  const { value } = usePlace(path)
  const rule = (value ?? {}) as RuleInput
  return (
    <fieldset class="card rule">
      <legend>Rule {index + 1}</legend>
      <div class="row rule-tools">
        {onUp && <IconButton icon="up" label={`Move rule ${index + 1} up`} onClick={onUp} />}
        <IconButton icon="trash" label={`Remove rule ${index + 1}`} onClick={onRemove} />
      </div>
      <TextField path={[...path, 'name']} label="Name" placeholder="shown in traces" />
      <Conditions path={[...path, 'when']} title="Audience" />
      <Share path={path} rule={rule} />
      <Serve path={[...path, 'serve']} />
    </fieldset>
  )
}

const SHARES: readonly Choice[] = [
  ['all', 'All'],
  ['percentage', 'Percentage'],
  ['stages', 'Stages'],
]

/** All eligible visitors, a share of them, or a share that grows in stages. */
function Share({ path, rule }: { path: Path; rule: RuleInput }) {
  const { set } = usePlace(path)
  const kind = rule.stages ? 'stages' : rule.percentage === undefined ? 'all' : 'percentage'
  const choose = (next: string) => {
    const { percentage, stages, ...rest } = rule
    if (next === 'all') return set(rest)
    if (next === 'percentage') return set({ ...rest, percentage: percentage ?? stages?.[0]?.percentage ?? 0 })
    const first = percentage ? Math.min(percentage, 50) : 5
    set({
      ...rest,
      stages: stages ?? [
        { percentage: first, bake: '10m' },
        { percentage: 50, bake: '30m' },
        { percentage: 100 },
      ],
    })
  }
  return (
    <div class="stack-s">
      <Segments
        label="Share"
        name={`share-${path.join('-')}`}
        value={kind}
        choices={SHARES}
        onChoose={choose}
      />
      {kind === 'percentage' && (
        <NumberField path={[...path, 'percentage']} label="Percentage" unit="%" isBare isRequired />
      )}
      {kind === 'stages' && <StagesEditor path={[...path, 'stages']} />}
    </div>
  )
}

function Serve({ path }: { path: Path }) {
  const { value, set } = usePlace(path)
  const variants = Object.keys((usePlace(['variants']).value ?? {}) as object)
  const isWeighted = typeof value === 'object' && value !== null
  const toggle = () => {
    if (isWeighted) return set(variants[0])
    const each = Math.floor(100 / Math.max(1, variants.length))
    set(
      Object.fromEntries(
        variants.map((name, at) => [name, at === 0 ? 100 - each * (variants.length - 1) : each]),
      ),
    )
  }
  return (
    <div class="stack-s">
      {isWeighted ? (
        <div class="weights">
          {variants.map((name) => (
            <NumberField key={name} path={[...path, name]} label={`Share of ${name}`} unit="%" />
          ))}
        </div>
      ) : (
        <SelectField path={path} label="Serve" options={variants.map((name) => [name, name])} />
      )}
      <Checkbox label="Split between variants" checked={isWeighted} onChange={toggle} />
    </div>
  )
}
