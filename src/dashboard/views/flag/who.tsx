import type { FlagSummary } from '../../../contract/responses.ts'
import { jsonText } from '../../state/format.ts'
import {
  audienceWords,
  type Definition,
  requirementWords,
  servingWords,
  shareWords,
} from '../../state/plain-words.ts'

type WhoProps = { flag: FlagSummary; definition: Definition }

/** Who gets it, in plain words, in the order in which the gate asks. */
export function Who({ flag, definition }: WhoProps) {
  const rules = definition.rules ?? []
  const requirements = requirementWords(definition)
  return (
    <section class="card who" aria-label="Who gets it">
      <header class="card-head">
        <h2>Who gets it</h2>
      </header>
      {flag.state !== 'open' && (
        <p class={`notice ${flag.state === 'disabled' ? '' : 'bad'}`}>
          Right now everybody gets <Variant name={definition.off} />: {closedWords(flag)}. When it is open:
        </p>
      )}
      {requirements.length > 0 && <p class="muted">{requirements.join(', ')}</p>}
      <ol class="rules">
        {rules.map((rule, index) => {
          const share = shareWords(rule, rule.stages ? (flag.percentage ?? null) : null)
          return (
            <li key={index}>
              <p>
                {share !== undefined && <strong>{share} of </strong>}
                {share === undefined ? audienceWords(rule) : lowered(audienceWords(rule))}
              </p>
              <p class="serves">
                {rule.name && <small class="muted">{rule.name}</small>}
                {servingWords(rule).map((words) => (
                  <Variant key={words} name={words} />
                ))}
              </p>
            </li>
          )
        })}
        <li class="rest">
          <p>{rules.length === 0 ? 'Everybody' : 'Everybody else'}</p>
          <p class="serves">
            <Variant name={definition.off} />
          </p>
        </li>
      </ol>
      <Variants definition={definition} />
    </section>
  )
}

function lowered(words: string): string {
  return words === 'Everybody' ? 'everybody' : words.replace(/^V/, 'v')
}

function Variant({ name }: { name: string }) {
  return <code class="variant">{name}</code>
}

/** Values only where they say more than on and off. */
function Variants({ definition: { variants } }: { definition: Definition }) {
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
            <code title={JSON.stringify(value)}>{jsonText(value)}</code>
          </dd>
        </div>
      ))}
    </dl>
  )
}

function closedWords({ state }: FlagSummary): string {
  if (state === 'killed') return 'the flag is killed'
  return state === 'rolled-back' ? 'the flag is rolled back' : 'the flag is disabled'
}
