/** A book of all flags of a gate: what each is for, who gets it, what was observed. */
import type { FlagStatusView, FlagSummary, Responses } from '../../contract/responses.ts'
import { guardText, stateOf, withStatus } from '../../contract/words/flag-state.ts'
import { type Outcome, outcomeLines, outcomeTitle } from '../../contract/words/outcome.ts'
import { prerequisites, ruleText } from '../../contract/words/rules.ts'
import type { FlagConfig, GateDocument } from '../../core/config/schema/document.ts'
import { timestampText } from '../../core/figures.ts'
import { attemptText, countsText } from '../render/status-view.ts'

export type Fact = readonly [name: string, text: string]
export type FlagPage = {
  key: string
  description: string
  facts: readonly Fact[]
  /** Who gets what, in the order in which the rules apply. */
  audience: readonly string[]
  /** What was measured in the current attempt; empty without a gate. */
  outcomes: readonly Fact[]
  /** How earlier attempts ended, newest first. */
  attempts: readonly { title: string; lines: readonly string[] }[]
  /** What visitors said, by the variant that they had. */
  feedback: readonly Fact[]
}
export type FlagBook = { title: string; source: string; flags: readonly FlagPage[] }

/** What a gate knows beyond its document. */
export type Observed = {
  summaries: ReadonlyMap<string, FlagSummary>
  statuses: Readonly<Record<string, FlagStatusView>>
  outcomes: readonly Outcome[]
  feedback: Responses['listFeedback']['feedback']
}

/** A page of a book holds no more of them. */
const MOST_FEEDBACK = 20

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
  const rest = flag.rules.length === 0 ? 'all visitors' : 'all other visitors'
  const audience = [...flag.rules.map(ruleText), `${rest}: ${flag.off}`]
  return {
    key,
    description: flag.description ?? 'No description',
    facts: [...factsOf(key, flag, document), ...debtFacts(summary)],
    audience,
    outcomes: status && summary ? outcomesOf(status, withStatus(summary, status)) : [],
    attempts: (observed?.outcomes ?? [])
      .filter((outcome) => outcome.flag === key)
      .map((outcome) => ({ title: outcomeTitle(outcome), lines: outcomeLines(outcome) })),
    feedback: (observed?.feedback ?? [])
      .filter((entry) => entry.flag === key)
      .slice(0, MOST_FEEDBACK)
      .map(({ variant, text, at }): Fact => [`${variant}, ${timestampText(at)}`, text]),
  }
}

function factsOf(key: string, flag: FlagConfig, { routes }: GateDocument): Fact[] {
  const variants = Object.entries(flag.variants).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
  const leads = routes.filter((route) => route.flag === key).map(({ path }) => path)
  const { tags = [] } = flag
  return [
    ['owner', flag.owner ?? 'none'],
    ['enabled', flag.enabled ? 'yes' : 'no: all visitors get the off variant'],
    ['variants', variants.join(', ')],
    ['off variant', flag.off],
    ...listed('routes', leads),
    ...prerequisites(flag),
    ...listed('tags', tags),
    ...listed('remove by', flag.expires ? [flag.expires] : []),
    ['guard', guardText(flag)],
  ]
}

function listed(name: string, values: readonly string[]): Fact[] {
  return values.length === 0 ? [] : [[name, values.join(', ')]]
}

function debtFacts(summary: FlagSummary | undefined): Fact[] {
  return (summary?.stale ?? []).map(({ kind, text }) => ['cleanup', `${kind}: ${text}`])
}

function outcomesOf(status: FlagStatusView, summary: FlagSummary): Fact[] {
  const { arms, verdict, rolledBack } = status
  const lastSeen = summary.lastSeenAt === null ? 'never' : timestampText(summary.lastSeenAt)
  return [
    ['state', stateOf(summary, Date.now()).label],
    ['attempt', attemptText({ summary, status })],
    ...Object.entries(arms)
      .filter(([, { requests }]) => requests > 0)
      .map(([arm, counts]): Fact => [arm, `${countsText(counts)} (requests · error rate · p95)`]),
    ...listed('guard', verdict ? [verdict.sentence] : []),
    ...listed('rolled back', rolledBack ? [`${timestampText(rolledBack.at)}: ${rolledBack.reason}`] : []),
    ['last evaluated', lastSeen],
  ]
}
