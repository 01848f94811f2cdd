/** The kill list in KV, changed with wrangler: this works without the gate and its Controller. */
import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { KILL_ALL } from '../../core/config/control.ts'
import { killOrder } from '../../core/config/kill-list.ts'
import type { Call } from '../base/command.ts'
import { Refusal } from '../base/errors.ts'
import { ownCommand } from '../base/own-command.ts'
import { readToml } from '../base/wrangler-toml.ts'
import { isLoopback, LOCAL_FOLDER, readLocalGate } from './local-gate-note.ts'
import { complaintOf, hasCredentials, LOCAL_NAMESPACE, wrangler } from './wrangler.ts'

export type KillInKv = {
  before: readonly string[]
  after: readonly string[]
  where: 'local' | 'on Cloudflare'
  /** Whose list it is: the folder decides that, whichever address was asked before. */
  of: string
}

/** Adds a flag to the list in KV, or removes it. */
export async function changeKillList(call: Call, flag: string, verb: 'kill' | 'unkill'): Promise<KillInKv> {
  const { terminal } = call
  // A list that is written by wrangler alone takes the place of the one before, and opens the flags on it.
  const byHand = `${ownCommand(terminal, terminal.cwd)} ${verb} ${flag === KILL_ALL ? '--all' : flag} --kv`
  if (!existsSync(join(terminal.cwd, 'wrangler.toml'))) {
    throw new Refusal(
      `Cannot write KV: this folder has no wrangler.toml. In the folder of the gate, run: ${byHand}`,
    )
  }
  const where = await placeOf(call)
  if (where.includes('--remote') && !hasCredentials(terminal)) {
    throw new Refusal(
      `Cannot write KV: wrangler is not logged in. Set CLOUDFLARE_API_TOKEN or run "npx wrangler login", then: ${byHand}`,
    )
  }
  const before = await readList(call, where)
  const others = before.filter((key) => key !== flag)
  const after = verb === 'kill' ? [...others, flag] : others
  const run = await wrangler(['kv', 'key', 'put', 'kill', JSON.stringify(after), ...where], terminal)
  if (run.code !== 0) throw new Refusal(`Cannot write KV: ${complaintOf(run)}`)
  const data = where.includes('--local') ? where.at(-1) : undefined
  return data === undefined
    ? { before, after, where: 'on Cloudflare', of: `Worker ${workerIn(terminal.cwd)} of wrangler.toml` }
    : { before, after, where: 'local', of: data }
}

/** The list has been written: whatever wrangler read, a name that can't be read is no failure. */
function workerIn(folder: string): string {
  try {
    return readToml(readFileSync(join(folder, 'wrangler.toml'), 'utf8')).name
  } catch {
    return 'without a name'
  }
}

/** The local KV for a local gate; otherwise the one that the folder's wrangler.toml names. */
async function placeOf({ gate, terminal }: Call): Promise<string[]> {
  const { url } = await gate()
  if (!isLoopback(url)) return ['--binding', 'GATE', '--remote', '--preview', 'false']
  const note = await readLocalGate(terminal.cwd)
  const usual = [`${LOCAL_FOLDER}/state`, '.wrangler/state'].find((each) =>
    existsSync(join(terminal.cwd, each)),
  )
  const noted = note?.url === url && note.data && isAbsolute(note.data) ? note.data : undefined
  const folder = noted ?? usual
  // A local gate always has the namespace of this package, whichever the folder deploys to.
  return ['--namespace-id', LOCAL_NAMESPACE, '--local', '--persist-to', folder ?? `${LOCAL_FOLDER}/state`]
}

/** Refuses a list that cannot be read: writing over it would open the flags on it. */
async function readList({ terminal }: Call, where: readonly string[]): Promise<readonly string[]> {
  const run = await wrangler(['kv', 'key', 'get', 'kill', '--text', ...where], terminal)
  if (run.code !== 0 && !/404|not found/i.test(run.out + run.err)) {
    throw new Refusal(`Cannot read the kill list in KV: ${complaintOf(run)}`)
  }
  const text = run.code === 0 ? run.out.trim() : ''
  const value = /^(Value not found|404)/i.test(text) ? '' : text
  const { list } = killOrder(value, undefined)
  if (list !== undefined) return list
  throw new Refusal(`Cannot change the kill list in KV: it must be a list of flags, not ${text.slice(0, 80)}`)
}
