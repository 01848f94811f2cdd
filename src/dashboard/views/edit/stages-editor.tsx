import { stageText } from '../../../contract/words/flag-state.ts'
import type { RuleInput } from '../../../core/config/schema/document.ts'
import { AddButton, IconButton } from '../../components/icon.tsx'
import { Folded } from './folded.tsx'
import {
  CheckField,
  EditedBy,
  ListField,
  NumberField,
  type Path,
  ProblemNotes,
  SelectField,
  TextField,
  usePlace,
} from './form.tsx'
import { withoutEmptied } from './guard-draft.ts'
import { STATUSES } from './guard-settings.ts'
import { DurationField, RateField } from './pickers.tsx'
import { StageSizes } from './stage-sizes.tsx'

const ADVANCE = [
  ['auto', 'automatically'],
  ['manual', 'manually'],
] as const

/** How long a stage may take, and what it asks for besides the guard's tests. */
function RequirementFields({ path }: { path: Path }) {
  const require = [...path, 'require']
  const asked = [[...path, 'within'], [...path, 'maxBake'], require]
  return (
    <Folded class="stage-asks" summary="Asks for" paths={asked}>
      <EditedBy edit={(before, after) => withoutEmptied(before, after, require)}>
        <div class="asks">
          <DurationField path={[...path, 'within']} label="Within" hint="empty: as long as it takes" />
          <DurationField
            path={[...path, 'maxBake']}
            label="Alert after"
            hint="empty: ten bakes, at least a day"
          />
          <NumberField path={[...require, 'minVisitors']} label="Visitors" />
          <RateField path={[...require, 'maxErrorRate']} label="Error rate" />
          <NumberField path={[...require, 'maxP95Ms']} label="p95" unit="ms" />
        </div>
        <PathLimits path={[...require, 'paths']} />
      </EditedBy>
    </Folded>
  )
}

/** Answers on single paths, and how many of them a stage lets pass. */
function PathLimits({ path }: { path: Path }) {
  const { value, problems, set } = usePlace(path)
  const limits: readonly unknown[] = Array.isArray(value) ? value : []
  const put = (next: readonly unknown[]) => set(next.length === 0 ? undefined : next)
  return (
    <>
      {limits.map((_, index) => (
        <div key={index} class="entry-row">
          <TextField path={[...path, index, 'path']} label="On the path" placeholder="/checkout/*" />
          <ListField
            path={[...path, index, 'statuses']}
            label="Answers with"
            placeholder="5xx"
            suggestions={STATUSES}
            isTyped
          />
          <NumberField path={[...path, index, 'max']} label="At most" placeholder="0" />
          <IconButton
            icon="trash"
            label={`Remove limit ${index + 1}`}
            onClick={() => put(limits.filter((__, at) => at !== index))}
          />
        </div>
      ))}
      <ProblemNotes problems={problems} />
      <AddButton what="Limit of a path" onClick={() => put([...limits, { path: '/' }])} />
    </>
  )
}

/** The stages of a rollout, from the smallest share on. */
export function StagesEditor({ path }: { path: Path }) {
  const { value, problems, set } = usePlace(path)
  const stages = Array.isArray(value) ? (value as NonNullable<RuleInput['stages']>) : []
  const add = () => {
    const last = stages.at(-1)?.percentage ?? 0
    set([...stages, { percentage: Math.min(100, Math.max(1, last * 2)), bake: '10m' }])
  }
  return (
    <div class="stack-s">
      <ol class="stage-rows">
        {stages.map((_, index) => (
          <li key={index} class="stage-row">
            {stages[index]?.shadow === undefined ? (
              <NumberField path={[...path, index, 'percentage']} label="Share" unit="%" />
            ) : (
              <NumberField path={[...path, index, 'shadow']} label="Shadow" unit="%" />
            )}
            <DurationField path={[...path, index, 'bake']} label="Bake" fallback="10m" />
            <SelectField
              path={[...path, index, 'advance']}
              label="Advance"
              options={ADVANCE}
              fallback="auto"
            />
            <CheckField path={[...path, index, 'approval']} label="Approval" />
            {stages[index]?.shadow === undefined && <RequirementFields path={[...path, index]} />}
            <IconButton
              icon="trash"
              label={`Remove ${stageText(index)}`}
              onClick={() => set(stages.filter((__, at) => at !== index))}
            />
          </li>
        ))}
      </ol>
      <ProblemNotes problems={problems} />
      <StageSizes />
      <AddButton what="Stage" onClick={add} />
      {stages[0]?.shadow === undefined && (
        <AddButton what="Shadow stage" onClick={() => set([{ shadow: 5, bake: '10m' }, ...stages])} />
      )}
    </div>
  )
}
