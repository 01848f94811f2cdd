/** Responses of every shape. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import {
  bytes,
  CHUNKED,
  CRLF,
  chunk,
  get,
  LAST,
  noise,
  ok,
  raw,
  request,
  response,
  type Shape,
  utf8,
} from './shape.ts'

const STATUSES = [
  ...[200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 299, 300, 301, 302, 303, 304, 305, 307, 308, 399],
  ...[
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422,
  ],
  ...[423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 507, 511, 599, 600, 999],
]

function statuses(): Shape[] {
  return ['GET', 'HEAD', 'POST'].flatMap((method) =>
    STATUSES.map((status) => {
      const isEmpty = status === 204 || status === 304
      const lines = [
        'Location: /elsewhere',
        'Content-Type: text/plain',
        ...(isEmpty ? [] : ['Content-Length: 4']),
      ]
      return {
        name: `${method} answered by ${status}`,
        request: request({ method, ...(method === 'POST' && { lines: ['Content-Length: 2'], body: 'hi' }) }),
        respond: response(`${status} Said So`, lines, isEmpty || method === 'HEAD' ? '' : 'body'),
      }
    }),
  )
}

const RESPONSE_HEADERS: readonly string[][] = [
  ['Set-Cookie: a=1'],
  ['Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2; Expires=Wed, 01 Jan 2031 00:00:00 GMT', 'set-cookie: a=3'],
  ['Vary: Accept', 'Vary: Cookie'],
  ['Link: </a>; rel=preload', 'Link: </b>; rel=preload'],
  ['ETag: "a"'],
  ['ETag: W/"a"'],
  ['ETag: unquoted'],
  ['ETag: ""'],
  ['Last-Modified: Mon, 01 Jun 2026 00:00:00 GMT'],
  ['Cache-Control: public, max-age=60'],
  ['Cache-Control: no-store'],
  ['Cache-Control: private="x-a", max-age=60'],
  ['CDN-Cache-Control: max-age=60'],
  ['Expires: 0', 'Pragma: no-cache', 'Age: 5'],
  ['Content-Type: text/html'],
  ['Content-Type: text/html; charset=iso-8859-2'],
  ['Content-Type: odd'],
  ['Content-Language: ro', 'Content-Location: /x'],
  ['Content-Disposition: attachment; filename="a.txt"'],
  ['Content-Range: bytes 0-1/2'],
  ['Content-Encoding: identity'],
  ['Content-Encoding: zstd'],
  ['Content-Encoding: x-unknown'],
  ['WWW-Authenticate: Basic realm="a", Digest realm="b"'],
  ['Server: Apache', 'X-Powered-By: PHP', 'Via: 1.1 x'],
  ['Server-Timing: db;dur=5', 'Timing-Allow-Origin: *'],
  ['Alt-Svc: h3=":443"'],
  ['Strict-Transport-Security: max-age=1', "Content-Security-Policy: default-src 'self'"],
  ['Access-Control-Allow-Origin: *', 'Access-Control-Expose-Headers: X-A'],
  ['Clear-Site-Data: "cache"'],
  ['Refresh: 5; url=/x'],
  ['Location: /a b'],
  ['Location: https://example.com/'],
  ['Date: Mon, 01 Jun 2026 00:00:00 GMT'],
  ['Connection: close'],
  ['Keep-Alive: timeout=5'],
  ['Upgrade: h2'],
  ['Trailer: X-T'],
  ['X-A: 1', 'X-A: 2', 'x-a: 3'],
  ['x-lower: 1', 'X-UPPER: 2'],
  ['X-Empty:'],
  ['X-Latin: caf\xe9'],
  [`X-Utf8: ${utf8('ștefan')}`],
  [`X-Long: ${'y'.repeat(6_000)}`],
  Array.from({ length: 60 }, (_, index) => `X-Many-${index}: ${index}`),
]

const responseHeaders = (): Shape[] =>
  RESPONSE_HEADERS.map((lines) => ({
    name: `an answer with ${lines.join(' | ').slice(0, 70)}`,
    request: request({ lines: ['Accept-Encoding: gzip, br'] }),
    respond: ok(lines),
  }))

function bodies(): Shape[] {
  const text = 'all the same words '.repeat(500)
  const encodings: [string, Buffer][] = [
    ['gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['deflate', deflateSync(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
    ['gzip', Buffer.from('this is no gzip')],
  ]
  const accepts = ['gzip, deflate, br', 'gzip', 'identity', undefined]
  const encoded = encodings.flatMap(([encoding, body], index) =>
    accepts.flatMap((accept) =>
      ['GET', 'HEAD'].map((method) => ({
        name: `${method} ${encoding} (${index}) to a client that takes ${accept ?? 'anything'}`,
        request: request({ method, lines: accept === undefined ? [] : [`Accept-Encoding: ${accept}`] }),
        respond: response(
          '200 OK',
          [`Content-Encoding: ${encoding}`, `Content-Length: ${body.length}`],
          method === 'HEAD' ? '' : body,
        ),
      })),
    ),
  )
  return [
    ...encoded,
    get('an empty body', ok([], '')),
    get('1 MB', ok([], noise(1_000_000))),
    get('chunks', response('200 OK', [CHUNKED], Buffer.concat([chunk('a'), chunk(noise(70_000)), LAST]))),
    get(
      'gzip in chunks',
      response('200 OK', [CHUNKED, 'Content-Encoding: gzip'], Buffer.concat([chunk(gzipSync(text)), LAST])),
    ),
    get('no chunk', response('200 OK', [CHUNKED], LAST)),
    get(
      'chunks with trailers',
      // What follows the last chunk is not read by workerd, and would stand before the next answer.
      response(
        '200 OK',
        [CHUNKED, 'Trailer: X-T', 'Connection: close'],
        `1${CRLF}a${CRLF}0${CRLF}X-T: 1${CRLF}${CRLF}`,
      ),
    ),
    get('chunks with extensions', response('200 OK', [CHUNKED], `1;x=y${CRLF}a${CRLF}0${CRLF}${CRLF}`)),
    get('a length that is said twice', ok(['Content-Length: 2'])),
    get(
      'a length beside chunks',
      response(
        '200 OK',
        ['Content-Length: 3', CHUNKED, 'Connection: close'],
        Buffer.concat([chunk('hello'), LAST]),
      ),
    ),
    get('until the connection ends', response('200 OK', [], 'the end')),
    get('nothing until the connection ends', response('200 OK', [])),
    get('a HEAD of 1 MB', response('200 OK', ['Content-Length: 1000000']), 'HEAD'),
    get('a HEAD of chunks', response('200 OK', [CHUNKED]), 'HEAD'),
    get('a HEAD of unknown length', response('200 OK', ['Connection: close']), 'HEAD'),
    get('a part', response('206 Partial Content', ['Content-Range: bytes 0-1/9', 'Content-Length: 2'], 'ab')),
    get(
      'two parts',
      response(
        '206 Partial Content',
        ['Content-Type: multipart/byteranges; boundary=x', 'Content-Length: 9'],
        '--x--\r\n\r\n',
      ),
    ),
    get('304 with an ETag', response('304 Not Modified', ['ETag: "a"', 'Cache-Control: max-age=5'])),
    get('304 with a length', response('304 Not Modified', ['Content-Length: 100', 'ETag: "a"'])),
    get('103 before the answer', Buffer.concat([response('103 Early Hints', ['Link: </a>']), ok([])])),
    get('100 before the answer', Buffer.concat([response('100 Continue', []), ok([])])),
    get('no reason phrase', bytes(`HTTP/1.1 200${CRLF}Content-Length: 2${CRLF}${CRLF}ok`)),
    get('HTTP/1.0', bytes(`HTTP/1.0 200 OK${CRLF}Content-Length: 2${CRLF}${CRLF}ok`)),
    get('a body that breaks off', response('200 OK', ['Content-Length: 1000'], 'half')),
    get('chunks that break off', response('200 OK', [CHUNKED], chunk('half'))),
    get(
      'gzip that breaks off',
      response('200 OK', ['Content-Encoding: gzip', 'Content-Length: 1000'], gzipSync(text).subarray(0, 20)),
    ),
  ]
}

export const responseShapes = (): Shape[] => [...statuses(), ...responseHeaders(), ...bodies()]

/** What the passthrough Worker meets with an exception, and the status that the gate has for it. */
export const failures = (): { status: number; shape: Shape }[] => [
  { status: 400, shape: raw('two Hosts', ['GET / HTTP/1.1', 'Host: HOST', 'Host: other', 'x-case: CASE']) },
  { status: 502, shape: get('garbage', bytes('what is HTTP?\r\n\r\n')) },
  {
    status: 502,
    shape: get('a folded header', response('200 OK', ['X-A: 1', ' 2', 'Content-Length: 2'], 'ok')),
  },
  { status: 502, shape: get('a closed connection', (socket) => socket.destroy()) },
  { status: 502, shape: get('a reset', (socket) => socket.resetAndDestroy()) },
  { status: 502, shape: get('half a head', bytes('HTTP/1.1 200 OK\r\nContent-Le')) },
  {
    status: 502,
    shape: raw(
      'a chunk of no size',
      ['POST / HTTP/1.1', 'Host: HOST', 'x-case: CASE', CHUNKED],
      `zz${CRLF}hi${CRLF}0${CRLF}${CRLF}`,
    ),
  },
]
