import { meant } from '../../core/config/parse/problems.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import { durationText, rateText } from '../../core/figures.ts'
import { compilePlans } from '../../core/rollout/plan.ts'
import {
  adviceText,
  findsText,
  passText,
  proposedStages,
  type Site,
  type StageSizing,
  siteOf as siteSeen,
  sizeLadder,
} from '../../core/rollout/sizing.ts'
import type { Call, CliCommand } from '../base/command.ts'
import { Refusal, UsageError } from '../base/errors.ts'
import { numberAbove } from '../base/number-rule.ts'
import type { Paint } from '../base/terminal.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { headed } from '../render/table.ts'

/** Of the gate's own traffic, how much is looked at. */
const SECONDS = 3600
const DEFAULT_ERROR_RATE = 0.005
const MOST_PER_SECOND = 1e9
const SILENT = 'had no traffic in the last hour; say how much there will be with --rps'

type Plan = { flag: string; site: Site; stages: StageSizing[]; proposed: readonly number[] }

export const plan: CliCommand = {
  name: 'plan',
  group: 'Flags',
  summary: 'Say how long each stage takes, and what it can see',
  details:
    'For each stage: the time in which nine of ten healthy canaries pass, and the lowest error rate that it finds in that time with 90 %. By the traffic of the last hour, or by figures of your own. With --file it works without a gate.',
  arguments: [
    { name: '[flag]', summary: 'one flag; all with stages and a guard by default', completes: 'flags' },
  ],
  options: [
    { flags: '--file FILE', summary: 'the document of this file instead of that of the gate' },
    {
      flags: '--rps N',
      summary: 'requests per second of the visitors whom the rule is for',
      number: numberAbove(0, MOST_PER_SECOND),
    },
    {
      flags: '--error-rate N',
      summary: `share of requests that fail, 0 to 1 (${DEFAULT_ERROR_RATE})`,
      number: { must: 'a number from 0 to below 1', accepts: (value) => value >= 0 && value < 1 },
    },
  ],
  examples: [
    ['plan new-checkout', 'by the traffic of the last hour'],
    ['plan --file gate.json --rps 5', 'before there is a gate'],
  ],
  failsWhen: 'no flag has stages with a guard, or none of them had traffic',
  async run(call) {
    const document = await documentOf(call)
    const [wanted] = call.args
    if (wanted !== undefined && document.flags[wanted] === undefined)
      throw new Refusal(`The document has no flag ${wanted}${meant(wanted, Object.keys(document.flags))}`)
    const { sized, withoutTraffic } = await sizeAll(call, document)
    const silent = withoutTraffic.map((flag) => `${flag} ${SILENT}`)
    if (sized.length === 0)
      throw new Refusal(
        silent.join('\n') ||
          `${wanted === undefined ? 'No flag has' : `${wanted} has no`} stages with a guard`,
      )
    const texts = sized.map(({ advice, ...each }) => planText(each, advice, call.paint))
    const plans = sized.map(({ advice: _, ...each }) => each)
    return { json: { plans, withoutTraffic }, text: [...texts, ...silent].join('\n\n') }
  },
}

async function documentOf({ options, terminal, ask }: Call): Promise<GateDocument> {
  const file = options.text('file')
  if (file !== undefined) return parsedDocument(await readDocumentFile(file, terminal))
  const { text } = await ask('getDocument')
  return parsedDocument({ name: 'the document of the gate', path: '', text })
}

async function sizeAll(call: Call, document: GateDocument) {
  const [wanted] = call.args
  const sized: (Plan & { advice: string })[] = []
  const withoutTraffic: string[] = []
  for (const { flag, stages, guard } of compilePlans(document).values()) {
    if (guard === undefined || stages.length === 0 || (wanted !== undefined && wanted !== flag)) continue
    const site = await siteOf(call, flag)
    if (site === undefined) {
      withoutTraffic.push(flag)
      continue
    }
    const sizes = sizeLadder(guard, site, stages, document.flags[flag]?.rollout?.holdbackPercent)
    const advice = adviceText(guard, site, sizes)
    sized.push({ flag, site, stages: sizes, proposed: proposedStages(site), advice })
  }
  return { sized, withoutTraffic }
}

/** As typed in; otherwise as the last hour was. Undefined where it had no traffic. */
async function siteOf({ options, ask }: Call, flag: string): Promise<Site | undefined> {
  const requestsPerSecond = options.number('rps')
  const errorRate = options.number('error-rate')
  if (requestsPerSecond !== undefined)
    return { requestsPerSecond, errorRate: errorRate ?? DEFAULT_ERROR_RATE }
  if (options.text('file') !== undefined) throw new UsageError('--file needs --rps: a file has no traffic')
  const seen = siteSeen(await ask('getSeries', { query: { flag, seconds: String(SECONDS) } }))
  return seen && { ...seen, ...(errorRate !== undefined && { errorRate }) }
}

function planText({ flag, site, stages }: Plan, advice: string, paint: Paint): string {
  const { requestsPerSecond, errorRate } = site
  const rows = stages.map((stage) => [`${stage.percentage} %`, passText(stage), findsText(stage)])
  const total = stages.reduce((sum, { passMs }) => sum + passMs, 0)
  const all = Number.isFinite(total) ? `${durationText(total)} in all` : 'never done by itself'
  const heading = `${flag}: ${Number(requestsPerSecond.toPrecision(2))} requests/s, ${rateText(errorRate)} of which fail; ${all}`
  return `${heading}\n${headed(['stage', 'a healthy canary passes within', 'finds'], rows, paint)}\n${advice}`
}
