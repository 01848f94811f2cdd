/** The gate's status for people. */

import { internalErrorTexts } from '../../contract/internal-error-text.ts'
import type { FlagStatusView, Responses } from '../../contract/responses.ts'
import { paragraphs, UsageError } from '../base/errors.ts'
import type { Paint } from '../base/terminal.ts'
import { countOf } from './count.ts'
import { table } from './table.ts'

type Status = Responses['getStatus']
type Counts = FlagStatusView['arms']['canary']

export type ViewOptions = { url: string; paint: Paint; flag: string | undefined }

export function statusView(status: Status, { url, paint, flag }: ViewOptions): string {
  const parts = [headline(status, url, paint), ...warnings(status, paint)]
  if (flag === undefined) parts.push(flagsTable(status, paint))
  else {
    const one = Object.hasOwn(status.flags, flag) ? status.flags[flag] : undefined
    if (one === undefined) throw new UsageError(`The gate has no flag ${flag}. See: sluice flags list`)
    parts.push(flagView(flag, one, paint))
  }
  return parts.join('\n\n')
}

function headline(status: Status, url: string, paint: Paint): string {
  const { environment, epoch, document, isolates, colos } = status
  const places = colos.filter((colo) => colo.isolates.length > 0).length
  return `${paint('bold', url)}  ${environment}, epoch ${epoch}, document version ${document.version} (${document.source}), ${countOf(isolates, 'isolate')} in ${countOf(places, 'colo')}`
}

function warnings(status: Status, paint: Paint): string[] {
  const { controller, document, kill } = status
  const lines: string[] = []
  if (controller !== 'ok')
    lines.push(paint('red', 'The Controller cannot be reached: the gate goes on with what it knows'))
  if (document.kvError) lines.push(paint('yellow', `KV: ${document.kvError}`))
  lines.push(...internalErrorTexts(status).map((text) => paint('yellow', text)))
  for (const { key, seenAt, problems } of document.refused) {
    lines.push(
      `${paint('red', `The newest "${key}" in KV, seen ${seenAt}, was refused`)}\n${paragraphs(problems)}`,
    )
  }
  if (kill.controller.length > 0) lines.push(paint('yellow', `killed: ${kill.controller.join(', ')}`))
  if (kill.kv.length > 0) lines.push(paint('yellow', `killed in KV: ${kill.kv.join(', ')}`))
  return lines
}

function flagsTable({ flags }: Status, paint: Paint): string {
  const header = ['flag', 'state', 'stage', 'share', 'canary', 'control', 'guard'].map((name) =>
    paint('dim', name),
  )
  const rows = Object.entries(flags).map(([key, flag]) => [
    key,
    stateText(flag, paint),
    String(flag.stage),
    shareText(flag),
    countsText(flag.arms.canary),
    countsText(flag.arms.control),
    guardText(flag, paint),
  ])
  return rows.length === 0 ? 'The document has no flags' : table([header, ...rows])
}

export function stateText({ state, paused, frozen, finished }: FlagStatusView, paint: Paint): string {
  if (state === 'killed' || state === 'rolled-back') return paint('red', state)
  if (state === 'disabled') return paint('dim', state)
  if (frozen) return paint('red', 'frozen')
  if (paused) return paint('yellow', 'paused')
  return paint('green', finished ? 'finished' : state)
}

function shareText({ percentage }: FlagStatusView): string {
  return percentage === null ? '–' : `${percentage} %`
}

/** `1,234 · 0.42 %`: requests, and the share of them that failed. */
export function countsText({ requests, errorRate, p95Ms }: Counts): string {
  if (requests === 0) return '–'
  const rate = errorRate === null ? '' : ` · ${(errorRate * 100).toFixed(2)} %`
  const p95 = p95Ms === null ? '' : ` · ${Math.round(p95Ms)} ms`
  return `${requests.toLocaleString('en')}${rate}${p95}`
}

function guardText(
  { verdict, waitingFor, rolledBack, frozen, paused }: FlagStatusView,
  paint: Paint,
): string {
  const occasion = rolledBack ?? frozen ?? paused
  if (occasion) return occasion.reason
  const kind = verdict?.kind
  const colour = kind === 'failing' || kind === 'broken-split' ? 'red' : kind === 'healthy' ? 'green' : 'dim'
  return [kind ? paint(colour, kind) : '', waitingFor ?? ''].filter((text) => text !== '').join(': ')
}

function flagView(key: string, flag: FlagStatusView, paint: Paint): string {
  const { generation, stage, verdict, waitingFor, approved, arms, variants } = flag
  const facts: string[][] = [
    ['state', stateText(flag, paint)],
    ['attempt', `${generation}, stage ${stage}, ${shareText(flag)}${approved ? ', approved' : ''}`],
  ]
  for (const [what, occasion] of [
    ['rolled back', flag.rolledBack],
    ['frozen', flag.frozen],
    ['paused', flag.paused],
  ] as const) {
    if (occasion) facts.push([what, `${occasion.at}: ${occasion.reason}`])
  }
  if (verdict) facts.push(['guard', `${verdict.kind}: ${verdict.sentence}`])
  const isHeld = flag.rolledBack ?? flag.frozen ?? flag.paused
  if (waitingFor && !isHeld) facts.push(['next stage', waitingFor])
  const header = ['', 'requests', 'errors', 'rate', 'p50', 'p95', 'p99'].map((name) => paint('dim', name))
  const groups = [
    ...Object.entries(arms),
    ...Object.entries(variants).map(([name, counts]) => [`→ ${name}`, counts] as const),
  ]
  return `${paint('bold', key)}\n${table(facts)}\n\n${table([header, ...groups.map(([name, counts]) => countsRow(name, counts))])}`
}

function countsRow(name: string, { requests, errors, errorRate, p50Ms, p95Ms, p99Ms }: Counts): string[] {
  const ms = (value: number | null) => (value === null ? '–' : `${Math.round(value)} ms`)
  const rate = errorRate === null ? '–' : `${(errorRate * 100).toFixed(2)} %`
  return [
    name,
    requests.toLocaleString('en'),
    errors.toLocaleString('en'),
    rate,
    ms(p50Ms),
    ms(p95Ms),
    ms(p99Ms),
  ]
}
