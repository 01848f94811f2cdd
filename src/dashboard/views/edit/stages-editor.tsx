import { stageText } from '../../../contract/words/flag-state.ts'
import type { RuleInput } from '../../../core/config/schema/document.ts'
import { AddButton, IconButton } from '../../components/icon.tsx'
import { CheckField, NumberField, type Path, ProblemNotes, SelectField, usePlace } from './form.tsx'
import { DurationField, RateField } from './pickers.tsx'
import { StageSizes } from './stage-sizes.tsx'

const ADVANCE = [
  ['auto', 'automatically'],
  ['manual', 'manually'],
] as const

/** What a stage asks for besides the guard's tests; limits of single paths are in the document. */
function RequirementFields({ path }: { path: Path }) {
  return (
    <details class="stage-asks">
      <summary>Asks for</summary>
      <div class="asks">
        <DurationField path={[...path, 'within']} label="Within" hint="empty: as long as it takes" />
        <NumberField path={[...path, 'require', 'minVisitors']} label="Visitors" />
        <RateField path={[...path, 'require', 'maxErrorRate']} label="Error rate" />
        <NumberField path={[...path, 'require', 'maxP95Ms']} label="p95" unit="ms" />
      </div>
    </details>
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
