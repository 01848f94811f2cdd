import type { Visitor } from '../../contract/requests.ts'
import type { Explanation, Responses } from '../../contract/responses.ts'
import { conditionText, foundText, outcomeText } from '../../contract/words/rules.ts'
import { compileSnapshot } from '../../core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../core/config/control.ts'
import { meant } from '../../core/config/parse/problems.ts'
import { staticContext } from '../../core/context/attributes.ts'
import { givenContext } from '../../core/context/given-context.ts'
import { anonymousAs, RequestContext } from '../../core/context/request-context.ts'
import { explainVisitor } from '../../core/decision/explain-visitor.ts'
import { percentText } from '../../core/figures.ts'
import { messageOf } from '../../core/message-of.ts'
import type { Call, CliCommand } from '../base/command.ts'
import { Refusal, UsageError } from '../base/errors.ts'
import type { Paint } from '../base/terminal.ts'
import { DescribedFacts, type DescribedRequest } from '../document/described-facts.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { VISITOR_OPTIONS, visitorIn } from '../document/visitor-options.ts'

type Explained = Responses['explain']
const PRODUCTION = 'production'

export const explain: CliCommand = {
  name: 'explain',
  group: 'Inspect',
  summary: 'Explain what a visitor gets',
  details:
    'Asks the gate, with its kills, rollbacks and stages. With --document it works without a gate: the file decides, with every rollout at its first stage. A request without an id of the visitor has no targeting key here; the gate would issue a new one.',
  arguments: [
    {
      name: '[flag]',
      summary: 'this flag (all flags; with --request the flag of its route)',
      completes: 'flags',
    },
  ],
  options: [
    ...VISITOR_OPTIONS,
    { flags: '-d, --document FILE', summary: 'use this file instead of the gate' },
    { flags: '--environment NAME', summary: `with --document: the environment of the gate (${PRODUCTION})` },
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

async function byGate(call: Call, context: Visitor, flag: string | undefined): Promise<Explained> {
  const body = { context, ...(flag !== undefined && { flag }) }
  return await call.ask('explain', { body })
}

async function byFile(
  { options, terminal }: Call,
  visitor: Visitor,
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
    ? givenContext(
        given,
        withoutNewKey(new RequestContext(facts, snapshot.identity, anonymousAs(''), Math.random)),
      )
    : staticContext(visitor.targetingKey, { now: nowMs, ...visitor.attributes })
  const explained = explainVisitor(snapshot, { context, inputs, place: facts }, flag)
  if (explained === undefined)
    throw new Refusal(`${file} has no flag ${flag}${meant(flag ?? '', snapshot.flags.keys())}`)
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

function factsOf(request: DescribedRequest, nowMs: number): DescribedFacts {
  try {
    return new DescribedFacts(request, nowMs)
  } catch (error) {
    throw new UsageError(`The request must be valid: ${messageOf(error)}`)
  }
}

/** Without the key that the gate would issue to a new visitor: it is random. */
function withoutNewKey(seen: RequestContext) {
  return {
    targetingKey: () => seen.targetingKey() || undefined,
    attribute: (name: string) => seen.attribute(name),
  }
}

function explainedText({ targetingKey, route, flags }: Explained, paint: Paint): string {
  const who = targetingKey === null ? 'A visitor without a targeting key' : `Visitor ${targetingKey}`
  const where = route ? [`Route ${route.route} sends the request to ${paint('bold', route.origin)}`] : []
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
  const at = position === null ? '' : `; the visitor is at ${percentText(position)}`
  const share = percentage === null ? '' : `, ${percentText(percentage)} of visitors${at}`
  const [style, sign] = MARKS[outcome]
  return [
    `  ${paint(style, sign)} rule "${rule}": ${outcomeText(outcome)}${share}`,
    ...conditions.map(({ found, holds, ...condition }) => {
      const mark = paint(holds ? 'green' : 'red', holds ? '✔' : '✗')
      return `      ${mark} ${conditionText(condition)} ${paint('dim', foundText(found))}`
    }),
  ]
}
