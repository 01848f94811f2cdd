/** The page docs/performance.md and its pictures, from results. */
import { readFileSync, writeFileSync } from 'node:fs'
import { table } from '../../test-kit/report/emit.ts'
import * as document from '../document/report.ts'
import * as evaluate from '../evaluate/report.ts'
import * as growth from '../growth/report.ts'
import * as propagation from '../propagation/report.ts'
import * as proxy from '../proxy/report.ts'
import { turnsText } from '../proxy/turns.ts'
import { writePage as writeScalePage } from '../scale/page.ts'
import { BUDGETS, verdictOf } from './budgets.ts'
import { decisionsSvg, gateSvg } from './pictures.ts'
import type { Results } from './results.ts'

const DOCS = new URL('../../docs/', import.meta.url)

export function writePage(results: Partial<Results>): void {
  writeFileSync(new URL('performance.md', DOCS), pageText(results))
  if (results.scale !== undefined) writeScalePage(results.scale)
  if (results.growth === undefined) return
  writeFileSync(new URL('images/growth-decision.svg', DOCS), decisionsSvg(results.growth))
  writeFileSync(new URL('images/growth-gate.svg', DOCS), gateSvg(results.growth))
}

export function budgetTable(results: Partial<Results>): string {
  const rows = BUDGETS.map((budget) => {
    const measured = budget.measure(results)
    const { what, by, mustReach, aimFor, text, isMoreBetter } = budget
    const sign = isMoreBetter ? '≥' : '≤'
    const figure = measured ? [text(measured.value), measured.spread && `(${measured.spread})`] : ['–']
    const limits = [`${sign} ${text(mustReach)}`, `${sign} ${text(aimFor)}`]
    return [what, figure.filter(Boolean).join(' '), ...limits, verdictOf(budget, measured), `\`bench:${by}\``]
  })
  return table(['what', 'measured', 'must reach', 'aim for', 'verdict', 'by'], rows)
}

const prose = (name: string) => readFileSync(new URL(`prose/${name}.txt`, import.meta.url), 'utf8').trim()

function pageText(results: Partial<Results>): string {
  const sections = [
    section('proxy', 'A request through the gate', results.proxy, proxy.toMarkdown),
    section('growth', 'Growth', results.growth, growthText),
    section('evaluate', 'Evaluating flags', results.evaluate, evaluate.toMarkdown),
    section('document', 'Documents', results.document, document.toMarkdown),
    section(
      'propagation',
      'How long a closed flag goes on serving',
      results.propagation,
      propagation.toMarkdown,
    ),
  ]
  return `# Performance

Made by \`npm run bench -- --write\`; don't edit. Texts between the tables are in \`bench/all/prose\`.

${prose('how')}

## Budgets

${budgetTable(results)}

${prose('budgets')}

${sections.join('\n')}
## What was tried

${prose('request-path')}

${prose('counting')}

## What keeps it so

${prose('regressions')}
`
}

function section<Result extends { mode: string }>(
  name: string,
  title: string,
  result: Result | undefined,
  toMarkdown: (result: Result) => string,
): string {
  const mode = result?.mode === 'quick' ? ' -- --quick' : ''
  const body = result === undefined ? 'Not measured.' : toMarkdown(result)
  return `## ${title}\n\n\`npm run bench:${name}${mode}\`. ${prose(name)}\n\n${body}\n`
}

function growthText({ decisions, gate, ...turns }: Results['growth']): string {
  return `Finding the route and deciding its flag, in one process; the request takes the last route and the last rule (the
fastest of several rounds):

${growth.seriesTable(decisions, 'ns')}

![Cost of a decision against the number of flags, routes, rules and conditions](images/growth-decision.svg)

The running gate, CPU time of workerd with Durable Objects; the sizes take turns
(${turnsText(turns)}; growth from turns side by side, with its 95 % interval):

${growth.seriesTable(gate, 'µs')}

![CPU time of a request against the number of flags, routes and isolates](images/growth-gate.svg)`
}
