/** A small static HTTP server in its own process; prints its port. `node static-origin.ts` */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const PAGE = Buffer.from(
  `<!doctype html><title>A page</title>${'<p>Some text, to make it the size of a page.</p>'.repeat(40)}`,
)

const ETAG = '"a-page"'

const server = createServer(({ headers }, response) => {
  if (headers['if-none-match'] === ETAG) return void response.writeHead(304, { etag: ETAG }).end()
  // Hazard: a page in place of a picture is how an asset is missing, which makes the gate ask elsewhere.
  const isPicture = headers['sec-fetch-dest'] === 'image'
  response.writeHead(200, {
    'content-type': isPicture ? 'image/png' : 'text/html; charset=utf-8',
    'content-length': PAGE.length,
    'cache-control': 'max-age=60',
    etag: ETAG,
  })
  response.end(PAGE)
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
