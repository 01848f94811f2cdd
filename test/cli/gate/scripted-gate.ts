/** An HTTP server with the admin API whose answers a test gives; each must be as config/openapi.json describes it. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Responses } from '../../../src/contract/responses.ts'
import { API_PREFIX, type OperationId, ROUTES } from '../../../src/contract/routes.ts'
import { faultsOf } from '../../support/openapi.ts'
import { ANSWERS } from './answers.ts'
import { type Ran, type RunOptions, sluice } from './support.ts'

export type Asked = {
  id: OperationId
  method: string
  path: string
  body: unknown
  token: string | undefined
}
/** An answer of another status than 200; without `json` as given, for what is no gate. */
export class Refused {
  readonly status: number
  readonly body: string
  readonly contentType: string
  constructor(status: number, detail: string, more: object = {}) {
    this.status = status
    this.body = JSON.stringify({ type: 'about:blank', title: 'no', status, detail, ...more })
    this.contentType = 'application/problem+json'
  }
}
/** The gate never answers the operation. */
export const SILENT = Symbol('silent')

type One<Id extends keyof Responses> = Responses[Id] | Refused | typeof SILENT
/** Several are given one after the other, and the last again and again. */
export type Answers = { [Id in keyof Responses]?: One<Id> | One<Id>[] } & {
  /** Events of each opening of the stream. */
  streamStatus?: Refused | string[][]
}

export type ScriptedGate = {
  url: string
  /** What it was asked, in order. */
  asked: Asked[]
  /** The same without the operation of the answer: `POST /flags/f/kill {"reason":"x"}`. */
  lines(): string[]
  run(args: readonly string[] | string, options?: RunOptions): Promise<Ran>
}

export async function scriptedGate(answers: Answers = {}): Promise<ScriptedGate> {
  const asked: Asked[] = []
  const faults: string[] = []
  const given = new Map<string, number>()
  const next = (id: OperationId): unknown => {
    const scripted = { ...ANSWERS, ...answers }[id as keyof Responses] as unknown
    const turn = given.get(id) ?? 0
    given.set(id, turn + 1)
    return Array.isArray(scripted) ? scripted[Math.min(turn, scripted.length - 1)] : scripted
  }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const method = request.method ?? ''
      const path = (request.url ?? '').replace(API_PREFIX, '')
      const id = operationOf(method, path)
      if (id === undefined) {
        // Others may still look for what had this port before.
        if (path !== request.url) faults.push(`${method} ${path} is no operation`)
        return void response.writeHead(404).end()
      }
      const token = request.headers.authorization?.replace('Bearer ', '')
      asked.push({ id, method, path, body: body === '' ? undefined : JSON.parse(body), token })
      const answer = id === 'streamStatus' ? (answers.streamStatus ?? []) : next(id)
      if (answer === SILENT) return
      if (id === 'streamStatus' && Array.isArray(answer)) return stream(response, answer, given)
      const [status, text, contentType] =
        answer instanceof Refused
          ? [answer.status, answer.body, answer.contentType]
          : [200, JSON.stringify(answer), 'application/json']
      faults.push(...faultsOf({ method, path: `${API_PREFIX}${path}`, status, contentType, body: text }))
      response.writeHead(status, { 'content-type': contentType }).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    asked,
    lines: () =>
      asked.map(({ method, path, body }) =>
        [method, path, ...(body === undefined ? [] : [JSON.stringify(body)])].join(' '),
      ),
    run: async (args, options = {}) => {
      const env = { SLUICE_URL: url, SLUICE_TOKEN: 'secret', ...options.env }
      const ran = await sluice(typeof args === 'string' ? args.split(' ') : args, { ...options, env })
      if (faults.length > 0) throw new Error(`the test's own answers are not as described: ${faults}`)
      return ran
    },
  }
}

function stream(response: ServerResponse, openings: string[][], given: Map<string, number>): void {
  const turn = given.get('stream') ?? 0
  given.set('stream', turn + 1)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of openings[turn] ?? []) response.write(event)
  response.end()
}

function operationOf(method: string, path: string): OperationId | undefined {
  const plain = path.split('?')[0] ?? ''
  const found = Object.entries(ROUTES).find(
    ([, route]) =>
      route.method === method && new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`).test(plain),
  )
  return found?.[0] as OperationId | undefined
}

/** Colours as words, so that a test can show them: `<red>text</>`. */
export function visible(text: string): string {
  const names: Readonly<Record<string, string>> = {
    ...{
      1: '<bold>',
      2: '<dim>',
      22: '</>',
      31: '<red>',
      32: '<green>',
      33: '<yellow>',
      36: '<cyan>',
      39: '</>',
    },
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours start with the escape character
  return text.replace(/\x1b\[(\d+)m/g, (code, number: string) => names[number] ?? code)
}
