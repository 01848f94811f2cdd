/** The gate to call, the token, and the timeout. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type AdminClient, createAdminClient } from '../../contract/client.ts'
import { ownOf } from '../../core/json-object.ts'
import { messageOf } from '../../core/message-of.ts'
import type { Gate } from '../base/command.ts'
import { completedUrl } from '../base/completed-url.ts'
import { type Address, Unreachable, UsageError } from '../base/errors.ts'
import type { Options } from '../base/options.ts'
import type { Terminal } from '../base/terminal.ts'
import { localTokenOf, type NotedGate, readLocalGate } from './local-gate-note.ts'
import { readProfiles } from './profiles.ts'

const DEFAULT_URL = 'http://127.0.0.1:8787'
const DEFAULT_TIMEOUT_SECONDS = 10
const ANSWERS_WITHIN_MS = 1_000

/** `isNote`: a file of this folder names it, and the token is its own. */
type Target = Address & { token: string | undefined; isNote?: true }

/** The gate that the options, the environment, this folder or the current profile name, in this order. */
export async function connect(
  options: Options,
  terminal: Terminal,
  tell: (text: string) => void,
): Promise<Gate> {
  const target = await targetOf(options, terminal, tell)
  const token = await tokenFor(target, options, terminal, tell)
  const { source, isGuess } = target
  const address: Address = { url: checkedUrl(target.url), source, ...(isGuess && { isGuess }) }
  return { ...address, client: clientOf(address, token, { options, terminal }) }
}

/** A client that waits for as long as --timeout says, and whose errors name the address. */
export function clientOf(
  address: Address,
  token: string | undefined,
  { options, terminal }: { options: Options; terminal: Terminal },
): AdminClient {
  if (token !== undefined && !/^[\x20-\x7e]*$/.test(token))
    throw new UsageError('The token must be one line of ASCII characters')
  const timeoutMs = (options.number('timeout') ?? DEFAULT_TIMEOUT_SECONDS) * 1_000
  const send = fetchWithin(timeoutMs, address, terminal)
  return createAdminClient({ baseUrl: address.url, token, fetch: send })
}

async function targetOf(options: Options, terminal: Terminal, tell: (text: string) => void): Promise<Target> {
  const { env } = terminal
  const url = options.text('url') ?? options.text('gate')
  if (url !== undefined) return await withKnownToken({ url, source: '--url' }, terminal)
  const named = options.text('profile')
  if (named === undefined && env.SLUICE_URL)
    return await withKnownToken({ url: env.SLUICE_URL, source: 'SLUICE_URL' }, terminal)
  const { profiles, current } = await readProfiles(terminal)
  const name = named ?? (env.SLUICE_PROFILE || current)
  if (name !== undefined) {
    const profile = ownOf(profiles, name)
    const how = (named ?? env.SLUICE_PROFILE) ? 'the profile' : 'the current profile'
    if (profile !== undefined) {
      const local = how === 'the current profile' ? await localBeside(terminal) : undefined
      if (local && trimmed(local.url) !== trimmed(profile.url)) {
        const outranked = `the current profile ${name} (${profile.url})`
        if (await isAnswering(local.url)) {
          tell(`using the gate of this folder (${local.url}), not ${outranked}: --profile ${name}`)
          return { ...local, isNote: true, isGuess: true }
        }
        tell(`the gate of this folder (${local.url}) does not answer: using ${outranked}`)
      }
      return { ...profile, token: profile.token, source: `${how} ${name}` }
    }
    const known = Object.keys(profiles).join(', ') || 'none yet'
    throw new UsageError(
      `There is no profile ${name} (profiles: ${known}). Add it: sluice profile add ${name} --url URL`,
    )
  }
  const local = await readLocalGate(terminal.cwd)
  if (local) return { ...local, isNote: true, isGuess: true }
  return { url: DEFAULT_URL, token: undefined, source: 'the default', isGuess: true }
}

/** The gate that runs in this folder; undefined also where its note cannot be used. */
async function localBeside({ cwd }: Terminal): Promise<NotedGate | undefined> {
  return await readLocalGate(cwd).catch(() => undefined)
}

/** A gate that was ended by force leaves its note: that must not keep a kill from where the profile leads. */
async function isAnswering(url: string): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS)
  return await fetch(`${trimmed(url)}/__sluice/health`, { signal }).then(
    ({ ok }) => ok,
    () => false,
  )
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
async function withKnownToken(address: Address, terminal: Terminal): Promise<Target> {
  const url = checkedUrl(address.url)
  const { profiles } = await readProfiles(terminal)
  const known = Object.values(profiles).find((each) => trimmed(each.url) === url)
  return { ...address, token: known?.token ?? (await localTokenOf(url, terminal.cwd)) }
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
          throw new UsageError(`Cannot read the token: ${messageOf(error)}`)
        })
  const token = text.trim()
  if (token === '')
    throw new UsageError(`Cannot read the token: ${file === '-' ? 'standard input' : file} is empty`)
  return token
}

/** The normalised address; `localhost:8787` will do, or a page of the dashboard. */
export function checkedUrl(text: string): string {
  let url: URL
  try {
    url = new URL(completedUrl(text))
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
function fetchWithin(timeoutMs: number, address: Address, terminal: Terminal): typeof fetch {
  return async (input, init) => {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), timeoutMs)
    const signals = [late.signal, terminal.stop, ...(init?.signal ? [init.signal] : [])]
    try {
      return await fetch(input, { ...init, signal: AbortSignal.any(signals) })
    } catch (error) {
      if (late.signal.aborted) throw new Unreachable(address, `no answer within ${timeoutMs / 1_000} s`)
      const lost = lostBecause(error)
      throw lost === undefined ? error : new Unreachable(address, lost)
    } finally {
      clearTimeout(timer)
    }
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'DNS lookup failed',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak https',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak https',
}

/** Why a request came to nothing; undefined for every other error. */
export function lostBecause(error: unknown): string | undefined {
  if (!(error instanceof TypeError) || error.message !== 'fetch failed') return undefined
  const cause = error.cause as { code?: string; message?: string; errors?: { code?: string }[] } | undefined
  const code = cause?.code ?? cause?.errors?.[0]?.code
  return CAUSES[code ?? ''] ?? cause?.message ?? 'the connection failed'
}
