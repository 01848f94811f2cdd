import type { Explanation, Responses } from '../../contract/responses.ts'
import { compileSnapshot } from '../../core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../core/config/control.ts'
import { staticContext } from '../../core/context/attributes.ts'
import { givenContext } from '../../core/context/given-context.ts'
import { RequestContext } from '../../core/context/request-context.ts'
import { explainVisitor } from '../../core/decision/explain-visitor.ts'
import { messageOf } from '../../core/message-of.ts'
import { Refusal, UsageError } from '../base/errors.ts'
import type { Paint } from '../base/terminal.ts'
import type { Call, Verb } from '../base/verb.ts'
import { DescribedFacts } from '../document/described-facts.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { type DescribedVisitor, VISITOR_OPTIONS, visitorIn } from '../document/visitor-options.ts'

type Explained = Responses['explain']
const PRODUCTION = 'production'

export const explain: Verb = {
  name: 'explain',
  group: 'Look',
  summary: 'What a visitor gets, and why',
  details:
    'Asks the gate, which knows kills, rollbacks and stages. With --document it needs no gate: the document of a file decides, with every rollout at its first stage. A request that names no visitor has no targeting key here: the gate would give it a new one.',
  arguments: [
    {
      name: '[flag]',
      summary: 'this flag (all of them; with --request the one that routes it)',
      completes: 'flags',
    },
  ],
  options: [
    ...VISITOR_OPTIONS,
    { flags: '-d, --document FILE', summary: 'decide by this file instead of asking the gate' },
    { flags: '--environment NAME', summary: `with --document: where the gate runs (${PRODUCTION})` },
  ],
  examples: [
    ['explain new-checkout --key ada --attribute country=RO', 'one visitor, one flag'],
    [
      'explain --request /checkout/pay --header x-user-id=ada --cf country=US',
      'where a request goes, and why',
    ],
    ['explain --key ada --document gate.json', 'all flags, without a gate'],
  ],
  failsWhen: 'there is no such flag',
  async run(call) {
    const visitor = visitorIn(call.options)
    const [flag] = call.args
    const file = call.options.text('document')
    const explained =
      file === undefined ? await byGate(call, visitor, flag) : await byFile(call, visitor, flag, file)
    return { json: explained, text: explainedText(explained, call.paint) }
  },
}

async function byGate(call: Call, context: DescribedVisitor, flag: string | undefined): Promise<Explained> {
  const body = { context, ...(flag !== undefined && { flag }) }
  return await call.ask('explain', { body })
}

async function byFile(
  { options, terminal }: Call,
  visitor: DescribedVisitor,
  flag: string | undefined,
  file: string,
): Promise<Explained> {
  const snapshot = compileSnapshot(parsedDocument(await readDocumentFile(file, terminal)))
  const nowMs = Date.now()
  const environment = options.text('environment') ?? PRODUCTION
  const control = compileControl(INITIAL_CONTROL_STATE, [])
  const inputs = { flags: snapshot.flags, control, environment, nowMs, overrides: undefined }
  const facts = visitor.request && factsOf(visitor.request, nowMs)
  const given = { targetingKey: visitor.targetingKey, attributes: visitor.attributes }
  const context = facts
    ? givenContext(given, withoutNewKey(new RequestContext(facts, snapshot.identity, () => '', Math.random)))
    : staticContext(visitor.targetingKey, { now: nowMs, ...visitor.attributes })
  const explained = explainVisitor(snapshot, { context, inputs, place: facts }, flag)
  if (explained === undefined) throw new Refusal(`${file} has no flag ${flag}`)
  return {
    targetingKey: context.targetingKey() ?? null,
    route: explained.route,
    flags: explained.explanations.map(({ decision, sentence, gates, rules }) => {
      const { flag: key, variant, value, reason, rule, placement } = decision
      return {
        flag: key,
        variant,
        value,
        reason,
        rule: rule ?? null,
        arm: placement.arm,
        sentence,
        gates,
        rules,
      }
    }),
  }
}

function factsOf(request: NonNullable<DescribedVisitor['request']>, nowMs: number): DescribedFacts {
  try {
    return new DescribedFacts(request, nowMs)
  } catch (error) {
    throw new UsageError(`Cannot use this request: ${messageOf(error)}`)
  }
}

/** The key that the gate would make up for a new visitor decides nothing that could be told in advance. */
function withoutNewKey(seen: RequestContext) {
  return {
    targetingKey: () => seen.targetingKey() || undefined,
    attribute: (name: string) => seen.attribute(name),
  }
}

function explainedText({ targetingKey, route, flags }: Explained, paint: Paint): string {
  const who = targetingKey === null ? 'A visitor without a targeting key' : `Visitor ${targetingKey}`
  const where = route ? [`Goes to ${paint('bold', route.origin)} by the route ${route.route}`] : []
  return [who, ...where, ...flags.map((flag) => `\n${flagText(flag, paint)}`)].join('\n')
}

function flagText({ flag, variant, value, arm, sentence, gates, rules }: Explanation, paint: Paint): string {
  const shown = JSON.stringify(value)
  const worth = shown === `"${variant}"` ? '' : ` = ${shown}`
  const compared = arm === 'other' ? '' : paint('dim', ` (${arm})`)
  const lines = [`${paint('bold', flag)}: ${paint('cyan', variant)}${worth}${compared}`, `  ${sentence}`]
  for (const gate of gates)
    if (!gate.passed) lines.push(`  ${paint('red', '✗')} ${gate.gate}: ${gate.detail}`)
  for (const rule of rules) lines.push(...ruleLines(rule, paint))
  return lines.join('\n')
}

const MARKS = {
  served: ['green', '✔'],
  'outside-percentage': ['yellow', '–'],
  'conditions-not-met': ['red', '✗'],
  'not-reached': ['dim', '·'],
} as const

function ruleLines(
  { rule, outcome, conditions, percentage, position }: Explanation['rules'][number],
  paint: Paint,
) {
  const share =
    percentage === null
      ? ''
      : `, ${percentage} % of visitors${position === null ? '' : `, this one at ${position}`}`
  const [style, sign] = MARKS[outcome]
  const head = `  ${paint(style, sign)} rule "${rule}": ${outcome.replaceAll('-', ' ')}${share}`
  return [
    head,
    ...conditions.map(({ attribute, op, values, negate, found, holds }) => {
      const has = found === null ? 'missing' : JSON.stringify(found)
      const mark = paint(holds ? 'green' : 'red', holds ? '✔' : '✗')
      return `      ${mark} ${attribute} ${negate ? 'not ' : ''}${op} ${values.map((each) => JSON.stringify(each)).join(', ')}  ${paint('dim', `is ${has}`)}`
    }),
  ]
}
