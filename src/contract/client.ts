/** The admin API, typed: what command line and dashboard call it by. */
import type { Bodies, Queries } from './requests.ts'
import type { ProblemDetails, Responses } from './responses.ts'
import { API_PREFIX, type FlagVerb, type OperationId, ROUTES } from './routes.ts'

/** Where the gate is, and who asks; no token where a proxy in front of the gate brings the identity. */
export type ClientOptions = { baseUrl: string; token: string | undefined; fetch?: typeof fetch }

/** What an operation needs: parts of its path, its query, its body. */
export type Call<Id extends OperationId> = {
  params?: Readonly<Record<string, string>>
} & (Id extends keyof Queries ? { query?: Queries[Id] } : unknown) &
  (Id extends keyof Bodies ? { body?: Bodies[Id] } : unknown)

/** What an operation answers. */
export type Answer<Id extends OperationId> = Id extends keyof Responses ? Responses[Id] : never

/** The gate refused the call. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError'
  readonly status: number
  readonly problem: ProblemDetails

  constructor(problem: ProblemDetails) {
    super(problem.detail)
    this.status = problem.status
    this.problem = problem
  }
}

/** The answer is not the gate's: another server has this address, or something in front of the gate answered. */
export class ForeignAnswer extends ApiError {
  override readonly name = 'ForeignAnswer'
}

export type AdminClient = {
  call<Id extends OperationId>(id: Id, call?: Call<Id>, signal?: AbortSignal): Promise<Answer<Id>>
  command(flag: string, verb: FlagVerb, body?: Bodies['commandFlag']): Promise<Responses['commandFlag']>
  /** The raw response of an operation, for what streams. */
  open<Id extends OperationId>(id: Id, call?: Call<Id>, signal?: AbortSignal): Promise<Response>
}

/** Makes a client. Calls throw ApiError when the gate refuses, and what fetch throws when it can't be reached. */
export function createAdminClient({ baseUrl, token, fetch: send = fetch }: ClientOptions): AdminClient {
  async function open<Id extends OperationId>(
    id: Id,
    call?: Call<Id>,
    signal?: AbortSignal,
  ): Promise<Response> {
    const { method } = ROUTES[id]
    const { body } = (call ?? {}) as { body?: unknown }
    const response = await send(urlOf(baseUrl, id, call), {
      method,
      ...(signal && { signal }),
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw await refusalOf(response, baseUrl)
    if (!typeOf(response).startsWith(typeFor(id, call))) {
      await response.body?.cancel()
      throw foreign(response, baseUrl)
    }
    return response
  }

  async function call<Id extends OperationId>(id: Id, what?: Call<Id>, signal?: AbortSignal) {
    const response = await open(id, what, signal)
    return (await response.json()) as Answer<Id>
  }

  return {
    call,
    open,
    command: (flag, verb, body = {}) => call('commandFlag', { params: { flag, verb }, body }),
  }
}

/** What a call answers with. */
function typeFor(id: OperationId, call: object | undefined): string {
  if (id === 'streamStatus') return 'text/event-stream'
  const { query } = (call ?? {}) as { query?: Queries['getResults'] }
  return query?.format === 'csv' ? 'text/csv' : 'application/json'
}

function urlOf(
  baseUrl: string,
  id: OperationId,
  call: { params?: Readonly<Record<string, string>>; query?: object } = {},
) {
  const path = ROUTES[id].path.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(call.params?.[name] ?? ''),
  )
  const url = new URL(`${baseUrl.replace(/(?<!\/)\/+$/, '')}${API_PREFIX}${path}`)
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

/** What the gate says is wrong; something in front of it may answer in another shape. */
async function refusalOf(response: Response, baseUrl: string): Promise<ApiError> {
  const text = await response.text()
  try {
    const body = JSON.parse(text) as ProblemDetails
    if (typeof body.detail === 'string') return new ApiError({ ...body, status: response.status })
  } catch {
    // Not JSON: the status has to say it.
  }
  return foreign(response, baseUrl)
}

function foreign(response: Response, baseUrl: string): ForeignAnswer {
  const { status, statusText } = response
  const type = typeOf(response)
  const answer = `${status}${statusText ? ` ${statusText}` : ''}${type ? ` (${type})` : ''}`
  const detail = `${baseUrl} answered ${answer}, which is not the answer of a gate`
  return new ForeignAnswer({ type: 'about:blank', title: statusText, status, detail })
}

function typeOf({ headers }: Response): string {
  return headers.get('content-type')?.split(';')[0]?.trim() ?? ''
}
