/** The people's own kill list, changed in KV with wrangler: the way that needs neither gate nor Controller. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseKillList } from '../../core/config/control.ts'
import { Refusal } from '../base/errors.ts'
import type { Call } from '../base/verb.ts'
import { LOCAL_FOLDER } from './local-gate-note.ts'
import { complaintOf, hasCredentials, NO_NAMESPACE, wrangler } from './wrangler.ts'

export type KillInKv = { before: readonly string[]; after: readonly string[]; where: string }

/** Puts a flag on the list in KV, or takes it off. */
export async function changeKillList(call: Call, flag: string, verb: 'kill' | 'unkill'): Promise<KillInKv> {
  const { terminal } = call
  const byHand = `npx wrangler kv key put kill '${JSON.stringify([flag])}' --binding GATE --remote`
  if (!existsSync(join(terminal.cwd, 'wrangler.toml'))) {
    throw new Refusal(
      `Cannot write KV: this folder has no wrangler.toml of the gate. In the one that has: ${byHand}`,
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
  return { before, after, where: where.includes('--local') ? 'on this machine' : 'on Cloudflare' }
}

/** KV of a gate on this machine, for a gate on this machine; else the one that the folder's wrangler.toml names. */
async function placeOf({ gate, terminal }: Call): Promise<string[]> {
  const { url } = await gate()
  const isHere = /^(localhost|127\.|\[::1\])/.test(new URL(url).hostname)
  if (!isHere) return ['--binding', 'GATE', '--remote', '--preview', 'false']
  const folder = [`${LOCAL_FOLDER}/state`, '.wrangler/state'].find((each) =>
    existsSync(join(terminal.cwd, each)),
  )
  // A gate on this machine always has the namespace of this package, whichever the folder deploys to.
  return ['--namespace-id', NO_NAMESPACE, '--local', '--persist-to', folder ?? `${LOCAL_FOLDER}/state`]
}

/** A list that can't be read is not written over: who is on it would be opened. */
async function readList({ terminal }: Call, where: readonly string[]): Promise<readonly string[]> {
  const run = await wrangler(['kv', 'key', 'get', 'kill', '--text', ...where], terminal)
  if (run.code !== 0 && !/404|not found/i.test(run.out + run.err)) {
    throw new Refusal(`Cannot read the kill list in KV: ${complaintOf(run)}`)
  }
  const text = run.code === 0 ? run.out.trim() : ''
  const parsed = parseKillList(/^(Value not found|404)/i.test(text) ? '' : text)
  if (parsed.ok) return parsed.value
  throw new Refusal(
    `Cannot change the kill list in KV: it holds ${text.slice(0, 80)}, which is no list of flags`,
  )
}
