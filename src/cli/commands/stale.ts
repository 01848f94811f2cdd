import { plural } from '../../core/figures.ts'
import { type Debt, debtOf } from '../../core/flags/debt.ts'
import type { Call, CliCommand } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { table } from '../render/table.ts'

const KINDS: readonly Debt['kind'][] = ['expired', 'finished', 'unused', 'ownerless']

type StaleFlag = { flag: string; owner: string | null; stale: Debt[] }

export const stale: CliCommand = {
  name: 'stale',
  group: 'Flags',
  summary: 'List flags to clean up',
  details:
    'Expired flags, flags that have served all visitors the same variant for two weeks, flags that were not evaluated for a month, and flags without an owner. With a file it works without a gate, and finds expired and ownerless flags only.',
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
  return flags.map(({ key, owner, stale: debts }) => ({ flag: key, owner, stale: debts }))
}

async function ofFile({ terminal }: Call, name: string): Promise<StaleFlag[]> {
  const { flags } = parsedDocument(await readDocumentFile(name, terminal))
  const nowMs = Date.now()
  return Object.entries(flags).map(([flag, { owner, expires }]) => {
    const expiresMs = expires === undefined ? undefined : Date.parse(expires)
    const unknown = { settledSinceMs: undefined, lastSeenMs: undefined, knownSinceMs: nowMs }
    return { flag, owner: owner ?? null, stale: debtOf({ owner, expiresMs, ...unknown }, nowMs) }
  })
}

function staleText({ paint }: Call, flags: readonly StaleFlag[], total: number): string {
  if (flags.length === 0) return `${paint('green', '✔')} ${plural(total, 'flag')}, nothing to clean up`
  const rows = flags.flatMap(({ flag, owner, stale: debts }) =>
    debts.map(({ kind, text }) => [flag, paint('yellow', kind), text, owner ?? '']),
  )
  return `${table(rows)}\n\n${flags.length} of ${plural(total, 'flag')} to clean up`
}
