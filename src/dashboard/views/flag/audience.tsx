import type { FlagSummary } from '../../../contract/responses.ts'
import { stateOf } from '../../../contract/words/flag-state.ts'
import { audienceText, prerequisites, servedTexts } from '../../../contract/words/rules.ts'
import type { FlagInput, RuleInput } from '../../../core/config/schema/document.ts'
import { percentText, valueText } from '../../../core/figures.ts'
import { Card } from '../../components/layout.tsx'

type AudienceProps = { flag: FlagSummary; definition: FlagInput }

/** Who gets which variant, in the order in which the gate applies the rules. */
export function Audience({ flag, definition }: AudienceProps) {
  const { rules = [], off } = definition
  return (
    <Card title="Audience" class="audience">
      {flag.state !== 'open' && (
        <p class={`notice ${flag.state === 'disabled' ? '' : 'bad'}`}>
          {stateOf(flag, Date.now()).label}: all visitors get <Variant name={off} />. When open:
        </p>
      )}
      {prerequisites(definition).map(([label, text]) => (
        <p key={label} class="muted">
          {capitalised(label)}: {text}
        </p>
      ))}
      <ol class="rules">
        {rules.map((rule, index) => (
          <Rule key={index} rule={rule} stagePercentage={flag.percentage} />
        ))}
        <li class="rest">
          <p>{rules.length === 0 ? 'All visitors' : 'All other visitors'}</p>
          <p class="serves">
            <Variant name={off} />
          </p>
        </li>
      </ol>
      <Variants definition={definition} />
    </Card>
  )
}

function Rule({ rule, stagePercentage }: { rule: RuleInput; stagePercentage: number | null }) {
  const { name, stages } = rule
  const percentage = stages ? (stagePercentage ?? stages[0]?.percentage) : rule.percentage
  return (
    <li>
      <p>
        {percentage === undefined ? (
          capitalised(audienceText(rule))
        ) : (
          <>
            <strong>{percentText(percentage)} of </strong>
            {audienceText(rule)}
          </>
        )}
      </p>
      <p class="serves">
        {name && <small class="muted">{name}</small>}
        {servedTexts(rule).map((text) => (
          <Variant key={text} name={text} />
        ))}
      </p>
    </li>
  )
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function Variant({ name }: { name: string }) {
  return <code class="variant">{name}</code>
}

/** The values of the variants, where they say more than on and off. */
function Variants({ definition: { variants } }: { definition: FlagInput }) {
  const entries = Object.entries(variants)
  if (entries.every(([, value]) => typeof value === 'boolean')) return null
  return (
    <dl class="variants">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>
            <Variant name={name} />
          </dt>
          <dd>
            <code title={JSON.stringify(value)}>{valueText(value)}</code>
          </dd>
        </div>
      ))}
    </dl>
  )
}
