/** The gate to call, the token, and the timeout. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createAdminClient } from '../../contract/client.ts'
import { messageOf } from '../../core/message-of.ts'
import type { Gate } from '../base/command.ts'
import { Refusal, TimeoutError, UsageError } from '../base/errors.ts'
import type { Options } from '../base/options.ts'
import type { Terminal } from '../base/terminal.ts'
import { localTokenOf, readLocalGate } from './local-gate-note.ts'
import { readProfiles } from './profiles.ts'

const DEFAULT_URL = 'http://127.0.0.1:8787'
const DEFAULT_TIMEOUT_SECONDS = 10

/** `isNote`: a file of this folder names it, and the token is its own. */
type Target = { url: string; token: string | undefined; isNote?: true }

/** The gate that the options, the environment, a profile or this folder name, in this order. */
export async function connect(
  options: Options,
  terminal: Terminal,
  tell: (text: string) => void,
): Promise<Gate> {
  const target = await targetOf(options, terminal)
  const token = await tokenFor(target, options, terminal, tell)
  const url = checkedUrl(target.url)
  const timeoutMs = (options.number('timeout') ?? DEFAULT_TIMEOUT_SECONDS) * 1_000
  return { url, client: createAdminClient({ baseUrl: url, token, fetch: fetchWithin(timeoutMs, terminal) }) }
}

async function targetOf(options: Options, terminal: Terminal): Promise<Target> {
  const { env } = terminal
  const url = options.text('url') ?? options.text('gate')
  if (url !== undefined) return await withKnownToken(url, terminal)
  const asked = options.text('profile') ?? (env.SLUICE_URL ? undefined : env.SLUICE_PROFILE)
  if (asked === undefined && env.SLUICE_URL) return await withKnownToken(env.SLUICE_URL, terminal)
  const { profiles, current } = await readProfiles(terminal)
  const name = asked || current
  if (name !== undefined) {
    const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
    if (profile !== undefined) return { url: profile.url, token: profile.token }
    const known = Object.keys(profiles).join(', ') || 'none yet'
    throw new UsageError(
      `There is no profile ${name} (profiles: ${known}). Add it: sluice profile add ${name} --url URL`,
    )
  }
  const local = await readLocalGate(terminal.cwd)
  return local ? { ...local, isNote: true } : { url: DEFAULT_URL, token: undefined }
}

/** The folder may be someone else's work: a token of the user never goes where only a file of the folder leads. */
async function tokenFor(
  { url, token, isNote }: Target,
  options: Options,
  terminal: Terminal,
  tell: (text: string) => void,
): Promise<string | undefined> {
  if (isNote === undefined) return (await givenToken(options, terminal, tell)) ?? token
  const option = ['token', 'token-file'].find((name) => options.text(name) !== undefined)
  if (option === undefined) return token
  throw new UsageError(`--${option} must come with the gate that it is for: add --url ${url}`)
}

/** The gate at an address, with its token if a profile has it. */
async function withKnownToken(url: string, terminal: Terminal): Promise<Target> {
  const { profiles } = await readProfiles(terminal)
  const known = Object.values(profiles).find((each) => trimmed(each.url) === trimmed(url))
  return { url, token: known?.token ?? (await localTokenOf(trimmed(url), terminal.cwd)) }
}

async function givenToken(
  options: Options,
  terminal: Terminal,
  tell: (text: string) => void,
): Promise<string | undefined> {
  const argument = options.text('token')
  if (argument !== undefined) {
    tell('warning: other users of this machine can see --token; use SLUICE_TOKEN, --token-file or a profile')
    return argument
  }
  const file = options.text('token-file')
  if (file !== undefined) return await readToken(file, terminal)
  return terminal.env.SLUICE_TOKEN || undefined
}

export async function readToken(file: string, terminal: Terminal): Promise<string> {
  const text =
    file === '-'
      ? await terminal.readInput()
      : await readFile(resolve(terminal.cwd, file), 'utf8').catch((error: unknown) => {
          throw new Refusal(`Cannot read the token: ${messageOf(error)}`)
        })
  const token = text.trim()
  if (token === '')
    throw new Refusal(`Cannot read the token: ${file === '-' ? 'standard input' : file} is empty`)
  return token
}

/** The normalised address; that of a page of the dashboard will do. */
export function checkedUrl(text: string): string {
  let url: URL
  try {
    url = new URL(text.includes('://') ? text : `https://${text}`)
  } catch {
    throw new UsageError(`The gate must be a URL such as https://www.example.com, not ${text}`)
  }
  if (!/^https?:$/.test(url.protocol)) throw new UsageError(`The gate must be an http(s) URL, not ${text}`)
  return trimmed(`${url.origin}${url.pathname.replace(/\/__sluice(\/.*)?$/, '')}`)
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '')
}

/** The gate must start to answer in time; a stream of events may then go on. */
function fetchWithin(timeoutMs: number, terminal: Terminal): typeof fetch {
  return async (input, init) => {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(new TimeoutError(timeoutMs)), timeoutMs)
    const signals = [late.signal, terminal.stop, ...(init?.signal ? [init.signal] : [])]
    try {
      return await fetch(input, { ...init, signal: AbortSignal.any(signals) })
    } finally {
      clearTimeout(timer)
    }
  }
}
