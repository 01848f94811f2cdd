/** All flags of a gate for people to read: what each is for, who gets it, what came of it. */
import type { FlagStatusView, FlagSummary } from '../../contract/responses.ts'
import type { FlagConfig, GateDocument } from '../../core/config/schema/document.ts'
import { describeRule } from '../render/flag-words.ts'
import { countsText } from '../render/status-view.ts'

export type Fact = readonly [name: string, text: string]
export type FlagPage = {
  key: string
  description: string
  facts: readonly Fact[]
  /** Who gets what, in the order in which rules are asked. */
  audience: readonly string[]
  /** What has been measured in the current attempt; empty without a gate. */
  outcomes: readonly Fact[]
}
export type FlagBook = { title: string; source: string; flags: readonly FlagPage[] }

/** What a gate knows beyond its document. */
export type Observed = {
  summaries: ReadonlyMap<string, FlagSummary>
  statuses: Readonly<Record<string, FlagStatusView>>
}

export function flagBook(document: GateDocument, source: string, observed: Observed | undefined): FlagBook {
  const flags = Object.entries(document.flags)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, flag]) => flagPage(key, flag, document, observed))
  return { title: 'Flags', source, flags }
}

function flagPage(
  key: string,
  flag: FlagConfig,
  document: GateDocument,
  observed: Observed | undefined,
): FlagPage {
  const status = observed?.statuses[key]
  const summary = observed?.summaries.get(key)
  const audience = [
    ...flag.rules.map((rule, index) => describeRule(rule, index)),
    `everybody else: ${flag.off}`,
  ]
  return {
    key,
    description: flag.description ?? 'No description',
    facts: [...factsOf(key, flag, document), ...debtFacts(summary)],
    audience,
    outcomes: status ? outcomesOf(status, summary) : [],
  }
}

function factsOf(key: string, flag: FlagConfig, { routes }: GateDocument): Fact[] {
  const variants = Object.entries(flag.variants).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
  const leads = routes.filter((route) => route.flag === key).map(({ path }) => path)
  const { schedule, environments = [], requires, tags } = flag
  return [
    ['owner', flag.owner ?? 'nobody'],
    ['enabled', flag.enabled ? 'yes' : 'no: everybody gets the off variant'],
    ['variants', variants.join(', ')],
    ['off variant', flag.off],
    ...listed('routes', leads),
    ...listed('requires', requires.map(requirementText)),
    ...listed('environments', environments),
    ...listed('tags', tags ?? []),
    ...(schedule
      ? [['schedule', `${schedule.start ?? 'always'} to ${schedule.end ?? 'open end'}`] as const]
      : []),
    ...(flag.expires ? [['expires', flag.expires] as const] : []),
    ['guard', guardText(flag)],
  ]
}

function requirementText(required: FlagConfig['requires'][number]): string {
  if (typeof required === 'string') return required
  if (!required.on) return `not ${required.flag}`
  return required.variants ? `${required.flag} = ${required.variants.join(' or ')}` : required.flag
}

/** What the guard judges, and what it does then. */
function guardText({ guard }: FlagConfig): string {
  if (!guard?.enabled) return 'none'
  const { enabled: _, action, ...tests } = guard
  return `${Object.keys(tests).join(', ')}; then ${action}`
}

function listed(name: string, values: readonly string[]): Fact[] {
  return values.length === 0 ? [] : [[name, values.join(', ')]]
}

function debtFacts(summary: FlagSummary | undefined): Fact[] {
  return (summary?.stale ?? []).map(({ kind, text }) => ['to clean up', `${kind}: ${text}`])
}

function outcomesOf(status: FlagStatusView, summary: FlagSummary | undefined): Fact[] {
  const { state, generation, stage, percentage, arms, verdict, rolledBack } = status
  const share = percentage === null ? '' : `, ${percentage} %`
  return [
    ['state', state],
    ['attempt', `${generation}, stage ${stage}${share}`],
    ...Object.entries(arms)
      .filter(([, { requests }]) => requests > 0)
      .map(([arm, counts]): Fact => [arm, `${countsText(counts)} (requests · errors · p95)`]),
    ...(verdict ? [['guard', verdict.sentence] as const] : []),
    ...(rolledBack ? [['rolled back', `${rolledBack.at}: ${rolledBack.reason}`] as const] : []),
    ['last seen', summary?.lastSeenAt ?? 'never'],
  ]
}
