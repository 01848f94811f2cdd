import { type Debt, debtOf } from '../../core/flags/debt.ts'
import { UsageError } from '../base/errors.ts'
import type { Call, Verb } from '../base/verb.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { countOf } from '../render/count.ts'
import { table } from '../render/table.ts'

const KINDS: readonly Debt['kind'][] = ['expired', 'finished', 'unused', 'ownerless']

type StaleFlag = { flag: string; owner: string | null; stale: Debt[] }

export const stale: Verb = {
  name: 'stale',
  group: 'Flags',
  summary: 'Flags that somebody should clean up',
  details:
    'Expired ones, those that have served everybody the same for a fortnight, those that nothing has asked for in a month, and those without an owner. With a file it needs no gate, and can only tell what the document says: expired and ownerless.',
  arguments: [
    { name: '[file]', summary: 'look at this document instead of asking the gate', completes: 'files' },
  ],
  options: [{ flags: '--only KINDS', summary: `some of ${KINDS.join(',')}` }],
  examples: [
    ['stale', 'flag debt of the gate; exit code 1 where there is some'],
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
  throw new UsageError(`Cannot use --only ${unknown}: choose from ${KINDS.join(', ')}`)
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
  if (flags.length === 0) return `${paint('green', '✔')} ${countOf(total, 'flag')}, nothing to clean up`
  const rows = flags.flatMap(({ flag, owner, stale: debts }) =>
    debts.map(({ kind, text }) => [flag, paint('yellow', kind), text, owner ?? '']),
  )
  return `${table(rows)}\n\n${flags.length} of ${countOf(total, 'flag')} to clean up`
}
