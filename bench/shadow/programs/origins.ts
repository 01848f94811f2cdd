/**
 * Control's and the canary's origin, in a process of their own. `node origins.ts BYTES answers|hangs`: what the canary's
 * does. Sends its parent the addresses, and answers each message with what copies have come.
 */
import { startLocalOrigin } from '../../../test-kit/origins/local-origin.ts'

const [bytes = '0', canary] = process.argv.slice(2)
const ITEM =
  '<li><a href="/p/17">A product</a> <p>Some text about it, to make it longer.</p> <b>17.50 EUR</b></li>\n'
const isPage = Number(bytes) < 1_000_000
const body = Buffer.alloc(Number(bytes), ITEM)
const headers = {
  'content-type': isPage ? 'text/html' : 'application/octet-stream',
  'content-length': body.length,
}
const copies = { count: 0, lastAtMs: 0 }

const old = await startLocalOrigin((_, response) => response.writeHead(200, headers).end(body))
const next = await startLocalOrigin((request, response) => {
  if (request.headers['sluice-shadow'] === '1') {
    copies.count++
    copies.lastAtMs = Date.now()
  }
  if (canary === 'answers') response.writeHead(200, headers).end(body)
})
process.on('message', () => process.send?.(copies))
process.send?.({ old: old.url, new: next.url })
