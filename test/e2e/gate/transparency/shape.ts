/** How requests and responses of a shape are written down. */
import type { Respond } from './wire.ts'

export type Shape = {
  name: string
  /** `host` is put in for HOST, the number of the case for CASE. */
  request: Buffer
  respond?: Respond
}

export const CRLF = '\r\n'
export const bytes = (text: string) => Buffer.from(text, 'latin1')

export type Parts = {
  method?: string
  target?: string
  lines?: readonly string[]
  body?: Buffer | string
  host?: string
}

export const request = ({
  method = 'GET',
  target = '/',
  lines = [],
  body = '',
  host = 'Host: HOST',
}: Parts): Buffer =>
  Buffer.concat([
    bytes([`${method} ${target} HTTP/1.1`, host, 'x-case: CASE', ...lines, '', ''].join(CRLF)),
    typeof body === 'string' ? bytes(body) : body,
  ])

export const response = (status: string, lines: readonly string[], body: Buffer | string = ''): Buffer =>
  Buffer.concat([
    bytes([`HTTP/1.1 ${status}`, ...lines, '', ''].join(CRLF)),
    typeof body === 'string' ? bytes(body) : body,
  ])

export const ok = (lines: readonly string[], body: Buffer | string = 'ok') =>
  response('200 OK', [...lines, `Content-Length: ${body.length}`], body)

export const chunk = (body: string | Buffer) =>
  Buffer.concat([bytes(`${body.length.toString(16)}${CRLF}`), Buffer.from(body), bytes(CRLF)])
export const LAST = bytes(`0${CRLF}${CRLF}`)
export const CHUNKED = 'Transfer-Encoding: chunked'
export const utf8 = (text: string) => Buffer.from(text).toString('latin1')
export const noise = (length: number) =>
  Buffer.from(Array.from({ length }, (_, index) => (index * 7919 + (index >> 8)) & 255))

/** A request given line by line, however odd. */
export const raw = (name: string, lines: string[], body = ''): Shape => ({
  name,
  request: bytes([...lines, '', body].join(CRLF)),
})

/** What a plain GET is answered with. */
export const get = (name: string, respond: Respond, method = 'GET'): Shape => ({
  name,
  request: request({ method }),
  respond,
})
