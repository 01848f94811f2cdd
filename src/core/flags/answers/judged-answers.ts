/**
 * What an origin's answer counts as, by the guard of its flag.
 *
 * A *client error* turns the visitor away: a 4xx, or a redirect to the page itself. Most are the visitor's doing, so they
 * are compared by a test of their own (guard/tests/client-errors.ts), and neither retried nor asked at another origin.
 */

export type JudgedAnswers = {
  /** Statuses that are errors. */
  isError(status: number): boolean
  /** Values of the header `grpc-status` that are errors in an answer with status 200; undefined: it is not read. */
  grpc: ReadonlySet<string> | undefined
}

/** The statuses of a guard's `errors.statuses`: single ones, or a hundred of them. */
export type StatusPattern = number | '4xx' | '5xx'

/** UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE, DATA_LOSS: what a server is to blame for. */
export const GRPC_ERRORS: readonly number[] = [2, 4, 8, 13, 14, 15]

export const DEFAULT_ANSWERS: JudgedAnswers = {
  isError: (status) => status >= 500,
  grpc: new Set(GRPC_ERRORS.map(String)),
}

/**
 * @param statuses undefined: 5xx
 * @param grpc undefined: those that a server is to blame for; false: none
 */
export function judgedAnswers(
  statuses: readonly StatusPattern[] | undefined,
  grpc: readonly number[] | false | undefined,
): JudgedAnswers {
  if (statuses === undefined && grpc === undefined) return DEFAULT_ANSWERS
  const codes = new Set(statuses ?? ['5xx'])
  const of400 = codes.has('4xx')
  const of500 = codes.has('5xx')
  return {
    isError: (status) =>
      codes.has(status) || (of400 && status >= 400 && status < 500) || (of500 && status >= 500),
    grpc: grpc === undefined ? DEFAULT_ANSWERS.grpc : grpc === false ? undefined : new Set(grpc.map(String)),
  }
}

/** What an answer is read for: its headers only where they matter. */
export type ReadAnswer = {
  status: number
  grpcStatus(): string | null
  redirectsToItself(): boolean
}

export type AnswerClass = 'good' | 'failure' | 'client-error'

/** What an answer counts as. */
export function classOfAnswer(judged: JudgedAnswers, answer: ReadAnswer): AnswerClass {
  const { status } = answer
  if (judged.isError(status)) return 'failure'
  if (status === 200) return isGrpcError(judged, answer) ? 'failure' : 'good'
  if (status >= 400 && status < 500) return 'client-error'
  return isRedirect(status) && answer.redirectsToItself() ? 'client-error' : 'good'
}

function isGrpcError({ grpc }: JudgedAnswers, answer: ReadAnswer): boolean {
  if (grpc === undefined) return false
  const status = answer.grpcStatus()
  return status !== null && grpc.has(status)
}

/** Whether a status sends the visitor elsewhere. */
function isRedirect(status: number): boolean {
  return status >= 301 && status <= 308 && status !== 304
}

/** Whether a page with this status was shown; a redirect leads to the page that counts. */
export function isPageStatus(status: number): boolean {
  return (status >= 200 && status < 300) || status === 304
}
