/** One request to an origin, as the gate sends it: the host of choice, nothing added, nothing followed. */
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { ERROR_PAGE_BYTES } from './cloudflare-error.ts'

export type LiveAnswer = {
  status: number
  headers: Headers
  /** When the certificate ends, ms since 1970; undefined without TLS. */
  certificateEndsMs: number | undefined
  /** How the body of an error begins; empty where the answer is none. */
  errorText: string
}

const PATIENCE_MS = 10_000
/** So that large headers are the origin's limit and not Node's. */
const LARGEST_HEADER_BYTES = 131_072

type Ask = { method?: string; headers?: Readonly<Record<string, string>> }

/** @throws Error with the reason where no answer comes */
export function askLive(url: string, { method = 'GET', headers = {} }: Ask = {}): Promise<LiveAnswer> {
  const send = url.startsWith('https:') ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false as const, maxHeaderSize: LARGEST_HEADER_BYTES }
    const sent = send(url, { ...options, timeout: PATIENCE_MS }, (response) => {
      const answer = answerOf(response)
      const done = (errorText: string) => {
        resolve({ ...answer, errorText })
        response.destroy()
      }
      if (answer.status < 400 || method === 'HEAD') return done('')
      response.once('data', (start: Buffer) => done(start.toString('latin1', 0, ERROR_PAGE_BYTES)))
      for (const over of ['end', 'close', 'error']) response.once(over, () => done(''))
    })
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${PATIENCE_MS / 1_000} s`)))
    sent.on('error', reject)
    sent.end()
  })
}

function answerOf(response: IncomingMessage): Omit<LiveAnswer, 'errorText'> {
  const headers = new Headers()
  for (let at = 0; at < response.rawHeaders.length; at += 2)
    headers.append(response.rawHeaders[at] ?? '', response.rawHeaders[at + 1] ?? '')
  const socket = response.socket as Partial<TLSSocket>
  const ends = socket.getPeerCertificate?.()?.valid_to
  return { status: response.statusCode ?? 0, headers, certificateEndsMs: ends ? Date.parse(ends) : undefined }
}
