import type { ComponentChildren } from 'preact'
import type { Explanation } from '../../../contract/responses.ts'
import { conditionText, foundText, outcomeText } from '../../../contract/words/rules.ts'
import { percentText, valueText } from '../../../core/figures.ts'
import { Icon } from '../../components/icon.tsx'
import { Link } from '../../state/router.tsx'

type RuleTrace = Explanation['rules'][number]

/** Why a visitor gets a variant: every check in order, with its result. */
export function Trace({ explanation }: { explanation: Explanation }) {
  const { flag, variant, sentence, gates, rules, arm, reason, value } = explanation
  return (
    <article class="card trace">
      <header class="card-head">
        <h2>
          <Link to={`/flags/${encodeURIComponent(flag)}`}>{flag}</Link>
        </h2>
        <span class="row">
          <span class={`badge ${arm === 'canary' ? 'accent' : ''}`}>{arm}</span>
          <small class="hint">{reason}</small>
        </span>
      </header>
      <p class="verdict">
        <code class="variant">{variant}</code>{' '}
        {typeof value !== 'boolean' && <code>{valueText(value, 120)}</code>}
      </p>
      <p>{sentence}.</p>
      <ol class="trace-steps">
        {gates.map(({ gate, passed, detail }) => (
          <Step key={gate} passed={passed} title={gate} detail={detail} />
        ))}
        {rules.map((rule, index) => (
          <Rule key={`${index} ${rule.rule}`} rule={rule} />
        ))}
      </ol>
    </article>
  )
}

function Rule({ rule }: { rule: RuleTrace }) {
  const { outcome, conditions, percentage, position } = rule
  return (
    <Step
      passed={outcome === 'not-reached' ? undefined : outcome === 'served'}
      title={`rule ${rule.rule}`}
      detail={outcomeText(outcome)}
    >
      {conditions.map(({ found, holds, ...condition }, index) => (
        <p key={index} class="condition">
          {holds ? '✓' : '✗'} {conditionText(condition)} <span class="muted">{foundText(found)}</span>
        </p>
      ))}
      {percentage !== null && position !== null && (
        <p class="condition">
          The visitor is at {percentText(position)}; the rule matches below {percentText(percentage)}
          <span class="ring" aria-hidden="true">
            <i style={{ width: `${percentage}%` }} />
            <b style={{ left: `${position}%` }} />
          </span>
        </p>
      )}
    </Step>
  )
}

type StepProps = {
  /** Undefined: it was not reached. */
  passed: boolean | undefined
  title: string
  detail: string
  children?: ComponentChildren
}

function Step({ passed, title, detail, children }: StepProps) {
  return (
    <li class={passed === undefined ? 'skipped' : passed ? 'passed' : 'stopped'}>
      {passed === undefined ? <span class="blank" /> : <Icon name={passed ? 'check' : 'cross'} />}
      <div>
        <p>
          <strong>{title}</strong> <span class="muted">{detail}</span>
        </p>
        {children}
      </div>
    </li>
  )
}
