import type { FlagSummary } from '../../contract/responses.ts'
import { liveShare } from '../../contract/words/flag-state.ts'
import type { FlagConfig } from '../../core/config/schema/document.ts'
import { sunsetOf } from '../../core/config/split/sunset.ts'
import { plural } from '../../core/figures.ts'
import { type Debt, debtOf } from '../../core/flags/debt.ts'
import type { JsonObject } from '../../core/json-object.ts'
import type { Call, CliCommand } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { documentOfGate } from '../document/gate-document.ts'
import { table } from '../render/table.ts'
import { ALMOST_ALL_PERCENT } from './sunset.ts'

const KINDS: readonly Debt['kind'][] = ['expired', 'finished', 'unused', 'ownerless']

/** `sunset`: the JSON merge patch by which `sluice sunset` turns it off in stages; null where there is none. */
type StaleFlag = { flag: string; owner: string | null; stale: Debt[]; sunset: JsonObject | null }

export const stale: CliCommand = {
  name: 'stale',
  group: 'Flags',
  summary: 'List flags to clean up',
  details:
    'Expired flags, flags that have served all visitors the same variant for two weeks, flags that were not evaluated for a month, and flags without an owner. Where all visitors have a feature whose time is over, it proposes to turn it off in stages (sluice sunset). With a file it works without a gate, and finds expired and ownerless flags only.',
  arguments: [{ name: '[file]', summary: 'check this document instead of the gate', completes: 'files' }],
  options: [{ flags: '--only KINDS', summary: `some of ${KINDS.join(',')}` }],
  examples: [
    ['stale', 'the flags of the gate to clean up; exit code 1 if there are any'],
    ['stale gate.json --only expired', 'for a pipeline, without a gate'],
  ],
  failsWhen: 'there are such flags',
  async run(call) {
    const kinds = kindsIn(call)
    const [file] = call.args
    const all = file === undefined ? await ofGate(call) : await ofFile(call, file)
    const flags = all
      .map((each) => ({ ...each, stale: each.stale.filter(({ kind }) => kinds.includes(kind)) }))
      .filter((each) => each.stale.length > 0)
    return { json: { flags }, text: staleText(call, flags, all.length), failed: flags.length > 0 }
  },
}

function kindsIn({ options }: Call): readonly string[] {
  const text = options.text('only')
  if (text === undefined) return KINDS
  const kinds = text.split(',').map((kind) => kind.trim())
  const unknown = kinds.find((kind) => !(KINDS as readonly string[]).includes(kind))
  if (unknown === undefined) return kinds
  throw new UsageError(`--only must be some of ${KINDS.join(', ')}, not ${unknown}`)
}

async function ofGate({ ask }: Call): Promise<StaleFlag[]> {
  const { flags } = await ask('listFlags')
  const { document } = flags.some(isFeatureToGo) ? await documentOfGate(ask) : { document: undefined }
  return flags.map((summary) => {
    const { key, owner, stale: debts } = summary
    const definition = isFeatureToGo(summary) ? document?.flags[key] : undefined
    return { flag: key, owner, stale: debts, sunset: proposalFor(definition) }
  })
}

/** A feature that all visitors have, and whose time is over: by its date, or because nothing of it is decided any more. */
function isFeatureToGo(summary: FlagSummary): boolean {
  return isOver(summary.stale) && (liveShare(summary, Date.now()) ?? 100) >= ALMOST_ALL_PERCENT
}

const isOver = (debts: readonly Debt[]) => debts.some(({ kind }) => kind === 'expired' || kind === 'finished')

function proposalFor(flag: FlagConfig | undefined): JsonObject | null {
  const plan = flag && sunsetOf(flag)
  return plan?.ok ? plan.patch : null
}

async function ofFile({ terminal }: Call, name: string): Promise<StaleFlag[]> {
  const { flags } = parsedDocument(await readDocumentFile(name, terminal))
  const nowMs = Date.now()
  return Object.entries(flags).map(([flag, definition]) => {
    const { owner, expires, rules } = definition
    const expiresMs = expires === undefined ? undefined : Date.parse(expires)
    const unknown = { settledSinceMs: undefined, lastSeenMs: undefined, knownSinceMs: nowMs }
    const debts = debtOf({ owner, expiresMs, ...unknown }, nowMs)
    // Where a rollout stands only the gate knows.
    const isOut = isOver(debts) && !rules.some(({ stages }) => stages)
    return { flag, owner: owner ?? null, stale: debts, sunset: proposalFor(isOut ? definition : undefined) }
  })
}

function staleText({ paint }: Call, flags: readonly StaleFlag[], total: number): string {
  if (flags.length === 0) return `${paint('green', '✔')} ${plural(total, 'flag')}, nothing to clean up`
  const rows = flags.flatMap(({ flag, owner, stale: debts }) =>
    debts.map(({ kind, text }) => [flag, paint('yellow', kind), text, owner ?? '']),
  )
  const proposals = flags.flatMap(({ flag, sunset }) => (sunset === null ? [] : [`  sluice sunset ${flag}`]))
  const retire =
    proposals.length === 0
      ? ''
      : `\n\nA feature that is to go: turn it off for a growing share, under the guard\n${proposals.join('\n')}`
  return `${table(rows)}\n\n${flags.length} of ${plural(total, 'flag')} to clean up${retire}`
}
