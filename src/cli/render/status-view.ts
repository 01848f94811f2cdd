/** The gate's status as text. */

import type { AdminClient } from '../../contract/client.ts'
import type { FlagStatusView, Responses } from '../../contract/responses.ts'
import {
  type DocumentFacts,
  type FlagFacts,
  liveShare,
  stageText,
  stateOf,
  type Tone,
  waitingText,
  withStatus,
} from '../../contract/words/flag-state.ts'
import { internalErrorTexts } from '../../contract/words/internal-errors.ts'
import { bakeLeftMs, nextText, phasesOf, stageNote } from '../../contract/words/ladder.ts'
import { stageShareText } from '../../contract/words/rules.ts'
import { verdictOf } from '../../contract/words/verdict-word.ts'
import { meant } from '../../core/config/parse/problems.ts'
import {
  countText,
  durationText,
  latencyText,
  percentText,
  plural,
  rateText,
  timestampText,
} from '../../core/figures.ts'
import { paragraphs, UsageError } from '../base/errors.ts'
import type { Paint, Style } from '../base/terminal.ts'
import { headed, table } from './table.ts'

type Status = Responses['getStatus']
type Counts = FlagStatusView['arms']['canary']

/** What the document says of each flag; a status has only what changes. */
export type FactsByFlag = ReadonlyMap<string, DocumentFacts>
export type ViewOptions = { url: string; paint: Paint; flag: string | undefined; facts: FactsByFlag }

/** Empty where the gate cannot list its flags: the status must be shown especially then. */
export async function factsByFlag(client: AdminClient): Promise<FactsByFlag> {
  const { flags } = await client.call('listFlags').catch(() => ({ flags: [] }))
  return new Map(flags.map((flag) => [flag.key, flag]))
}

export function statusView(status: Status, { url, paint, flag, facts }: ViewOptions): string {
  const parts = [headline(status, url, paint), ...warnings(status, paint)]
  const rows = Object.entries(status.flags).map(([key, each]) => {
    const known = facts.get(key) ?? { key, rules: 1, schedule: null, stages: 0, ladder: [] }
    return { summary: withStatus(known, each), status: each }
  })
  if (flag === undefined) return [...parts, flagsTable(rows, paint)].join('\n\n')
  const row = rows.find(({ summary }) => summary.key === flag)
  if (row === undefined) throw noFlag(flag, Object.keys(status.flags))
  return [...parts, flagView(row, paint)].join('\n\n')
}

export function noFlag(flag: string, flags: readonly string[]): UsageError {
  const hint = meant(flag, flags)
  return new UsageError(`The gate has no flag ${flag}${hint || '. See: sluice flags list'}`)
}

function headline(status: Status, url: string, paint: Paint): string {
  const { environment, epoch, document, isolates, colos } = status
  const locations = colos.filter((colo) => colo.isolates.length > 0).length
  const where = `${plural(isolates, 'isolate')} in ${plural(locations, 'location')}`
  return `${paint('bold', url)}  ${environment}, epoch ${epoch}, document version ${document.version} (${document.source}), ${where}`
}

const UNSIGNED =
  'The gate has no SIGNING_KEY: visitors can make up their ids. Set one: wrangler secret put SIGNING_KEY'

function warnings(status: Status, paint: Paint): string[] {
  const { controller, document, kill } = status
  const lines: string[] = []
  if (controller !== 'ok')
    lines.push(paint('red', 'The Controller does not answer: counts stand still, and a kill still works'))
  // A gate of the release before names none.
  for (const { text } of status.limits ?? []) lines.push(paint('red', `Limit reached: ${text}`))
  if (document.kvError) lines.push(paint('yellow', `KV: ${document.kvError}`))
  if (!status.signing && status.environment !== 'development') lines.push(paint('yellow', UNSIGNED))
  lines.push(...internalErrorTexts(status).map((text) => paint('yellow', text)))
  for (const { key, seenAt, problems } of document.refused) {
    const since = timestampText(seenAt)
    // Names of flags count beside others.
    const what =
      key === 'kill'
        ? `The kill list in KV has names that no flag has, since ${since}`
        : `The ${key} in KV is not in force since ${since}: it has problems`
    lines.push(`${paint('red', what)}\n${paragraphs(problems)}`)
  }
  for (const { flag, since, reason } of status.alerts ?? [])
    lines.push(
      paint('yellow', `${flag === null ? '' : `${flag}: `}${reason} (since ${timestampText(since)})`),
    )
  if (kill.controller.length > 0) lines.push(paint('yellow', `killed: ${kill.controller.join(', ')}`))
  if (kill.kv.length > 0) lines.push(paint('yellow', `killed in KV: ${kill.kv.join(', ')}`))
  return lines
}

type Row = { summary: FlagFacts; status: FlagStatusView }

function flagsTable(rows: readonly Row[], paint: Paint): string {
  if (rows.length === 0) return 'The document has no flags'
  const cells = rows.map(({ summary, status }) => [
    summary.key,
    verdictText(summary, paint),
    stateText(summary, paint),
    stageCell(summary),
    percentText(liveShare(summary, Date.now())),
    countsText(status.arms.canary),
    countsText(status.arms.control),
    nextText(summary, status, Date.now()) ?? '–',
    waitingText(status) ?? '',
  ])
  const columns = ['flag', 'verdict', 'state', 'stage', 'share', 'canary', 'control', 'next', 'status']
  return headed(columns, cells, paint)
}

const STYLES: Readonly<Record<Tone, Style>> = {
  good: 'green',
  accent: 'cyan',
  warn: 'yellow',
  bad: 'red',
  neutral: 'dim',
}

/** "Rolling out", in its colour. */
export function stateText(flag: FlagFacts, paint: Paint): string {
  const { label, tone } = stateOf(flag, Date.now())
  return paint(STYLES[tone], label)
}

/** "Needs you", in its colour. */
function verdictText(flag: FlagFacts, paint: Paint): string {
  const { word, tone } = verdictOf(flag, Date.now())
  return paint(STYLES[tone], word)
}

/** "2 of 5"; a dash for a flag without stages. */
export function stageCell({ stage, stages }: FlagFacts): string {
  return stage === null ? '–' : stageText(stage, stages).replace('stage ', '')
}

/** `1,234 · 0.42 % · 120 ms`: requests, error rate and 95th percentile. */
export function countsText({ requests, errorRate, p95Ms }: Counts): string {
  if (requests === 0) return '–'
  const measured = [countText(requests), errorRate === null ? '' : rateText(errorRate)]
  return [...measured, p95Ms === null ? '' : latencyText(p95Ms)].filter(Boolean).join(' · ')
}

/** "2, stage 1 of 3, 5 %, approved". */
export function attemptText({ summary, status }: Row): string {
  const { stage, stages, percentage } = summary
  const parts = [String(status.generation), stage === null ? '' : stageText(stage, stages)]
  const share = percentage === null ? '' : percentText(percentage)
  return [...parts, share, status.approved ? 'approved' : ''].filter(Boolean).join(', ')
}

function flagView(row: Row, paint: Paint): string {
  const { summary, status } = row
  const { verdict, waitingFor, arms, variants } = status
  const occasions = { 'rolled back': status.rolledBack, frozen: status.frozen, paused: status.paused }
  const held = Object.entries(occasions).flatMap(([what, occasion]) =>
    occasion ? [[what, `${timestampText(occasion.at)}: ${occasion.reason}`]] : [],
  )
  const facts = [
    ['verdict', verdictText(summary, paint)],
    ['state', stateText(summary, paint)],
    ['attempt', attemptText(row)],
    ...held,
  ]
  if (verdict) facts.push(['guard', verdict.sentence])
  for (const { text, found, met } of verdict?.requirements ?? [])
    facts.push(['asks for', `${text}: ${found}${met ? '' : ' (holds the stage)'}`])
  if (waitingFor && waitingFor !== verdict?.sentence && held.length === 0) facts.push(['status', waitingFor])
  const next = nextText(summary, status, Date.now())
  if (next !== undefined) facts.push(['next', next])
  const groups = [
    ...Object.entries(arms),
    ...Object.entries(variants).map(([name, counts]) => [`→ ${name}`, counts] as const),
  ]
  const counts = headed(
    ['', 'requests', 'errors', 'error rate', 'p50', 'p95', 'p99'],
    groups.map(([name, each]) => countsRow(name, each)),
    paint,
  )
  const ladder = summary.ladder.length > 0 ? `\n\n${ladderView(row, paint)}` : ''
  return `${paint('bold', summary.key)}\n${table(facts)}${ladder}\n\n${counts}`
}

/** A line for each stage: ✔ done, ● present, ○ to come. */
function ladderView({ summary, status }: Row, paint: Paint): string {
  const phases = phasesOf(summary)
  const leftMs =
    summary.state === 'open' ? bakeLeftMs(summary.ladder[summary.stage ?? -1], status) : undefined
  const rows = summary.ladder.map((stage, index) => {
    const phase = phases[index] ?? 'later'
    const left = leftMs === undefined ? undefined : leftMs > 0 ? `${durationText(leftMs)} left` : 'baked'
    const note = stageNote(stage, phase === 'now' ? left : undefined)
    const sign = { done: paint('green', '✔'), now: paint('cyan', '●'), later: paint('dim', '○') }[phase]
    const share = stageShareText(stage)
    const here = phase === 'now' ? [paint('bold', share), note] : [share, paint('dim', note)]
    return [`${sign} ${index + 1}`, ...here]
  })
  return table(rows)
}

function countsRow(name: string, { requests, errors, errorRate, p50Ms, p95Ms, p99Ms }: Counts): string[] {
  const latencies = [p50Ms, p95Ms, p99Ms].map(latencyText)
  return [name, countText(requests), countText(errors), rateText(errorRate), ...latencies]
}
