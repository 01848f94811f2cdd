/** Errors as text and as JSON. */
import { ApiError, ForeignAnswer } from '../../contract/client.ts'
import type { Change, ProblemDetails } from '../../contract/responses.ts'
import { timestampText } from '../../core/figures.ts'
import { messageOf } from '../../core/message-of.ts'
import {
  type Address,
  addressText,
  Declined,
  paragraphs,
  Refusal,
  Unreachable,
  UsageError,
} from '../base/errors.ts'
import { printableDeep } from '../base/printable.ts'
import { type Paint, paintFor, type Terminal } from '../base/terminal.ts'
import { adminHostIn } from '../base/wrangler-toml.ts'
import { changeLines } from './document-diff.ts'

const CHECK_ADDRESS = 'Is it running, and is the address right? Look for the cause: sluice doctor'
const NAME_ONE = 'Start one with "sluice dev" (in the repository: npm start), or name yours: --url URL'

export type Failure = { text: string; json: Readonly<Record<string, unknown>> }

/** `address`: of the gate that the command has asked, if any. */
export function describeFailure(error: unknown, terminal: Terminal, address: Address | undefined): Failure {
  const paint = paintFor(terminal, terminal.errIsScreen)
  const message = messageOf(error)
  if (terminal.stop.aborted && isAbort(error)) {
    const text = 'Interrupted: the gate may have done already what was asked of it'
    return { text, json: { kind: 'interrupted', message: text } }
  }
  if (error instanceof ForeignAnswer) {
    const kind = error.status >= 500 ? 'unavailable' : 'not-a-gate'
    return {
      text: `${paint('red', message)}\n${CHECK_ADDRESS}`,
      json: { kind, status: error.status, message },
    }
  }
  if (error instanceof ApiError) {
    const { text, json } = describeRefusal(error.problem, paint, terminal.cwd)
    const whose = address && isAboutAddress(error.status) ? `\nThe gate: ${addressText(address)}` : ''
    return { text: text + whose, json }
  }
  if (error instanceof Unreachable) {
    const { url, source, isGuess } = error.address
    const advice = isGuess ? NAME_ONE : CHECK_ADDRESS
    return {
      text: `${paint('red', message)}\n${advice}`,
      json: { kind: 'unreachable', message, url, source },
    }
  }
  if (error instanceof UsageError) return { text: paint('red', message), json: { kind: 'usage', message } }
  if (error instanceof Declined) return { text: message, json: { kind: 'declined', message } }
  if (!(error instanceof Refusal)) return { text: paint('red', message), json: { kind: 'failed', message } }
  const details = error.details === '' ? '' : `\n${error.details}`
  return { text: paint('red', message) + details, json: { kind: 'refused', message, ...error.facts } }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** A refusal that another gate might not have given: a wrong token, a flag that is not there. */
function isAboutAddress(status: number): boolean {
  return status === 401 || status === 403 || status === 404 || status >= 500
}

/** What to do about a status, where the gate does not say it. */
const ADVICE: Readonly<Record<number, string>> = {
  401: 'Store the token of this gate: sluice login URL, or set SLUICE_TOKEN',
  403: 'Use a token with that role: sluice token create NAME --role ROLE',
  429: 'Wait a moment, then try again',
}

function describeRefusal(problem: ProblemDetails, paint: Paint, folder: string): Failure {
  const text = refusalText(printableDeep(problem), paint)
  const isElsewhere = problem.status === 404 && problem.detail === 'The gate has nothing here'
  return { text: isElsewhere ? `${text}\n${adminHostAdvice(folder)}` : text, json: refusalJson(problem) }
}

/** The site must not name the host, but the folder of the gate may: it is only shown, and gets no token. */
function adminHostAdvice(folder: string): string {
  const host = adminHostIn(folder)
  const about = 'The admin API may have a host for itself (ADMIN_HOST)'
  if (host === undefined) return `${about}: give that one as --url`
  return `${about}. This folder's wrangler.toml names it: --url https://${host}`
}

function refusalText({ status, detail, problems, changes, current }: ProblemDetails, paint: Paint): string {
  const parts = [paint('red', detail)]
  if (problems?.length) parts.push(paragraphs(problems))
  if (current)
    parts.push(
      `Version ${current.version} is in force, by ${current.actor} at ${timestampText(current.at)}: ${current.reason}`,
    )
  if (changes?.length) parts.push(changeLines(changes as Change[], paint))
  const isAboutFlags = status === 404 && /\bno (such )?flag\b/.test(detail)
  const advice = isAboutFlags ? 'List the flags: sluice flags list' : ADVICE[status]
  if (advice !== undefined) parts.push(advice)
  return parts.join('\n')
}

function refusalJson({ status, detail, problems, changes, current, people }: ProblemDetails) {
  return {
    kind: kindOf(status),
    status,
    message: detail,
    ...(problems && { problems }),
    ...(current && { current }),
    ...(changes && { changes }),
    ...(people && { people }),
  }
}

function kindOf(status: number): string {
  const kinds: Readonly<Record<number, string>> = {
    400: 'bad-request',
    401: 'unauthorised',
    403: 'forbidden',
    404: 'not-found',
    409: 'conflict',
    413: 'too-large',
    422: 'invalid',
    429: 'too-many-requests',
    503: 'unavailable',
  }
  return kinds[status] ?? 'refused'
}
