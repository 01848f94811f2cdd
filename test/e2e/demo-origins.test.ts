import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { HEALTHY } from '../../examples/shop/behaviour.ts'
import { type Shop, startShop } from '../../examples/shop/shop.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
let shops: Record<'old' | 'new', Shop>

beforeAll(async () => {
  shops = { old: await startShop({ version: 'old' }), new: await startShop({ version: 'new' }) }
})
afterEach(() => {
  for (const shop of Object.values(shops)) shop.behave(HEALTHY)
})
afterAll(async () => {
  await Promise.all(Object.values(shops).map((shop) => shop.close()))
})

const get = (path: string, init: RequestInit = {}, version: 'old' | 'new' = 'new') =>
  fetch(shops[version].url + path, { redirect: 'manual', ...init })

/** A response as node:http has it: nothing decoded, nothing followed. */
async function raw(path: string, headers: Record<string, string> = {}, body?: Buffer) {
  const sent = request(shops.new.url + path, { headers, method: body === undefined ? 'GET' : 'POST' })
  sent.end(body)
  const [response]: [IncomingMessage] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { response, body: Buffer.concat(chunks) }
}

describe.each(['old', 'new'] as const)('the %s shop', (version) => {
  it.each([
    ['/', 200],
    ['/checkout', 200],
    ['/product/lamp', 200],
    ['/product/nothing', 404],
    ['/checkout/pay', 405],
  ])('says in header and page of %s who it is', async (path, status) => {
    const response = await get(path, {}, version)
    expect(response.status).toBe(status)
    expect(response.headers.get('x-shop-version')).toBe(version)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await response.text()).toContain(`This is the ${version} shop`)
  })

  it('takes an order, counts it, and shows the name as text', async () => {
    const body = new URLSearchParams({ name: 'Eve <b>"x"' })
    const texts = []
    for (let n = 0; n < 2; n++)
      texts.push(await (await get('/checkout/pay', { method: 'POST', body }, version)).text())
    const orders = texts.map((text) => Number(new RegExp(`${version.toUpperCase()}-(\\d+)`).exec(text)?.[1]))
    expect(orders[1]).toBe((orders[0] ?? 0) + 1)
    expect(texts[0]).toContain('Eve &#60;b&#62;&#34;x&#34;')
  })

  it('has a cart as JSON', async () => {
    const cart = await (await get('/api/cart', {}, version)).json()
    expect(cart).toMatchObject({ version, count: 3, totalCents: 12_600, currency: 'EUR' })
  })

  it('answers 304 to the ETag of its own style sheet only', async () => {
    const etag = (await get('/style.css', {}, version)).headers.get('etag') ?? ''
    const headers = { 'if-none-match': `"other", W/${etag}` }
    expect((await get('/style.css', { headers }, version)).status).toBe(304)
    expect((await get('/style.css', { headers }, version === 'old' ? 'new' : 'old')).status).toBe(200)
  })

  it('has no style inside its pages', async () => {
    expect(await (await get('/', {}, version)).text()).not.toMatch(/<style|style="/)
  })
})

describe('tools for proxies', () => {
  it('echo tells what arrived, line by line, and hashes a body of any size', async () => {
    const body = Buffer.alloc(20_000_000, 'sluice')
    const answer = await raw('/echo?a=%20b', { 'X-Odd-CASE': 'kept' }, body)
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      method: 'POST',
      url: '/echo?a=%20b',
      headers: expect.arrayContaining([['X-Odd-CASE', 'kept']]),
      body: { length: body.length, sha256: createHash('sha256').update(body).digest('hex') },
    })
  })

  it.each([0, 1, 64_257, 5_000_000])('download sends exactly %i known bytes', async (bytes) => {
    const { response, body } = await raw(`/download?bytes=${bytes}`)
    expect(response.headers['content-length']).toBe(String(bytes))
    expect(body.equals(Uint8Array.from({ length: bytes }, (_, index) => index % 251))).toBe(true)
  })

  it('download waits for a reader who does not read', async () => {
    const before = process.memoryUsage().rss
    const sent = request(`${shops.new.url}/download?bytes=20000000000`).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    await new Promise((resolve) => setTimeout(resolve, 300))
    response.destroy()
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })

  it('events come one by one, in time', async () => {
    const response = await get('/sse?events=3&everyMs=400')
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const arrivals: number[] = []
    let text = ''
    for await (const chunk of response.body ?? []) {
      arrivals.push(performance.now())
      text += Buffer.from(chunk).toString()
    }
    expect(text.match(/^data: .*$/gm)).toEqual([1, 2, 3].map((n) => `data: {"n":${n},"version":"new"}`))
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(200)
  })

  it('cookies come as lines of their own', async () => {
    const lines = (await get('/cookies?n=20')).headers.getSetCookie()
    expect(lines).toHaveLength(20)
    expect(lines[19]).toBe('shop20=v20; Path=/; Expires=Wed, 01 Jan 2098 00:00:00 GMT')
  })

  it('redirect, status and slow do as they are called', async () => {
    const redirected = await get('/redirect')
    expect([redirected.status, redirected.headers.get('location')]).toEqual([302, '/'])
    for (const status of [200, 204, 304, 418, 503])
      expect((await get(`/status/${status}`)).status).toBe(status)
    const start = performance.now()
    expect(await (await get('/slow?ms=80')).json()).toEqual({ version: 'new', waitedMs: 80 })
    expect(performance.now() - start).toBeGreaterThan(75)
  })

  it.each([
    '/download?bytes=-1',
    '/slow?ms=soon',
    '/cookies?n=151',
    '/sse?events=1.5',
    '/status/100',
    '/status/x',
  ])('refuses %s and says what it expects', async (path) => {
    const response = await get(path)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('expected')
  })

  it('gzip compresses for whoever accepts it', async () => {
    const zipped = await raw('/gzip', { 'accept-encoding': 'br, gzip;q=0.5' })
    expect(zipped.response.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
    const plain = await raw('/gzip', { 'accept-encoding': 'gzip;q=0' })
    expect(plain.response.headers['content-encoding']).toBeUndefined()
    expect(gunzipSync(zipped.body).equals(plain.body)).toBe(true)
  })

  it('HEAD has the headers of GET and no body', async () => {
    for (const path of ['/', '/download?bytes=1000', '/sse']) {
      const response = await get(path, { method: 'HEAD' })
      expect([response.status, await response.text()]).toEqual([200, ''])
    }
  })
})

describe('behaviour', () => {
  const statuses = async (count: number) => {
    const seen: number[] = []
    for (let n = 0; n < count; n++) seen.push((await get('/')).status)
    return seen
  }

  it('fails the share it was told, evenly and the same way each time', async () => {
    shops.new.behave({ errorRate: 0.25 })
    expect(await statuses(8)).toEqual([200, 200, 200, 500, 200, 200, 200, 500])
    shops.new.behave({ errorRate: 0.1 })
    expect((await statuses(30)).filter((status) => status === 500)).toHaveLength(3)
    shops.new.behave({ errorRate: 1 })
    expect(await statuses(3)).toEqual([500, 500, 500])
  })

  it('delays', async () => {
    shops.new.behave({ delayMs: 80 })
    const start = performance.now()
    expect((await get('/')).status).toBe(200)
    expect(performance.now() - start).toBeGreaterThan(75)
  })

  it('hangs until the visitor gives up', async () => {
    shops.new.behave({ hang: true })
    await expect(get('/', { signal: AbortSignal.timeout(150) })).rejects.toThrow(/timeout/)
  })

  it('resets connections', async () => {
    shops.new.behave({ reset: true })
    await expect(get('/')).rejects.toThrow('fetch failed')
  })

  it.each(['/', '/download?bytes=1000000', '/style.css', '/sse?events=4&everyMs=1'])(
    'breaks off the body of %s midway',
    async (path) => {
      const whole = (await (await get(path)).arrayBuffer()).byteLength
      shops.new.behave({ truncate: true })
      const response = await get(path)
      expect(response.status).toBe(200)
      let received = 0
      const readAll = async () => {
        for await (const chunk of response.body ?? []) received += chunk.length
      }
      await expect(readAll()).rejects.toThrow('terminated')
      expect(received).toBe(Math.floor(whole / 2))
    },
  )

  it('counts what arrived and what was answered', async () => {
    const shop = await startShop({ version: 'old' })
    await fetch(`${shop.url}/?first`, { headers: { 'x-mark': '1' } })
    await fetch(`${shop.url}/nowhere`)
    await fetch(`${shop.url}/__shop/stats`)
    shop.behave({ reset: true })
    await fetch(shop.url).catch(() => 'reset')
    const { requests, byStatus, received } = shop.stats()
    // A client may try a reset connection once more.
    expect(requests).toBeGreaterThanOrEqual(3)
    expect(byStatus).toEqual({ 200: 1, 404: 1 })
    expect(received[0]).toMatchObject({ method: 'GET', url: '/?first' })
    expect(received[0]?.headers).toContainEqual(['x-mark', '1'])
    await shop.close()
    await expect(fetch(shop.url)).rejects.toThrow()
  })

  it('refuses nonsense from a program', () => {
    expect(() => shops.new.behave({ errorRate: 2 })).toThrow(
      'errorRate: expected a number from 0 to 1, got 2',
    )
  })
})

describe('switches over HTTP', () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    get('/__shop/behaviour', { method: 'POST', body, headers })

  it('change what is named, show it, and go back to healthy', async () => {
    expect(await (await post('{"errorRate":1}')).json()).toEqual({ ...HEALTHY, errorRate: 1 })
    expect((await get('/')).status).toBe(500)
    await post('{"delayMs":1,"truncate":true}')
    const now = await (await get('/__shop/behaviour')).json()
    expect(now).toEqual({ ...HEALTHY, errorRate: 1, delayMs: 1, truncate: true })
    expect(await (await get('/__shop/behaviour', { method: 'DELETE' })).json()).toEqual(HEALTHY)
    expect(await (await get('/__shop/stats')).json()).toMatchObject({ requests: expect.any(Number) })
  })

  it.each([
    ['{"errorRate":2}', 'errorRate: expected a number from 0 to 1, got 2'],
    ['{"delayMs":"1s"}', 'delayMs: expected a number from 0 to 3600000, got "1s"'],
    ['{"hang":1}', 'hang: expected true or false, got 1'],
    ['{"errorrate":1}', 'errorrate: unknown, expected one of errorRate, delayMs, hang, reset, truncate'],
    ['{errorRate:1}', 'expected an object like {"errorRate":0.2}, got "{errorRate:1}"'],
    ['[]', 'expected an object like {"errorRate":0.2}, got []'],
  ])('refuse %s and change nothing', async (body, problem) => {
    const response = await post(body)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ problems: [problem] })
    expect(await (await get('/__shop/behaviour')).json()).toEqual(HEALTHY)
  })

  it('are not there for who comes through a gate', async () => {
    const headers = { 'x-forwarded-host': 'shop.example.com' }
    expect((await post('{"errorRate":1}', headers)).status).toBe(404)
    expect((await get('/__shop/stats', { headers })).status).toBe(404)
    expect((await get('/')).status).toBe(200)
  })
})

describe('WebSocket', () => {
  const open = async (protocols: string[] = []) => {
    const socket = new WebSocket(`${shops.new.url.replace('http', 'ws')}/ws`, protocols)
    socket.binaryType = 'arraybuffer'
    await once(socket, 'open')
    return socket
  }
  const echoed = async (socket: WebSocket, message: string | Uint8Array<ArrayBuffer>) => {
    socket.send(message)
    const [event] = (await once(socket, 'message')) as [MessageEvent]
    return event.data
  }

  it.each([0, 1, 125, 126, 65_535, 65_536, 1_000_000])(
    'sends %i bytes back, as text and as bytes',
    async (length) => {
      const socket = await open()
      const bytes = Uint8Array.from({ length }, (_, index) => index % 256)
      expect(await echoed(socket, 'ä'.repeat(length))).toBe('ä'.repeat(length))
      expect(Buffer.from(await echoed(socket, bytes)).equals(bytes)).toBe(true)
      socket.close(4001, 'done')
      const [event] = (await once(socket, 'close')) as [CloseEvent]
      expect([event.code, event.reason, event.wasClean]).toEqual([4001, 'done', true])
    },
  )

  it('takes the first of the protocols offered', async () => {
    const socket = await open(['chat', 'other'])
    expect(socket.protocol).toBe('chat')
    socket.close()
  })

  /** Sends frames by hand and returns all that comes back after the handshake, as hex. */
  async function frames(hex: string): Promise<string> {
    const socket = connect(shops.new.port, '127.0.0.1')
    const key = Buffer.alloc(16).toString('base64')
    const lines = ['GET /ws HTTP/1.1', 'Host: shop', 'Connection: Upgrade', 'Upgrade: websocket']
    const handshake = [...lines, 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`].join('\r\n')
    socket.write(
      Buffer.concat([Buffer.from(`${handshake}\r\n\r\n`), Buffer.from(hex.replaceAll(' ', ''), 'hex')]),
    )
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk)
    const all = Buffer.concat(chunks)
    return all.subarray(all.indexOf('\r\n\r\n') + 4).toString('hex')
  }
  const CLOSE = '8882 00000000 03e8'
  const closedWith = (code: number) => `${code.toString(16).padStart(4, '0')}`

  it('answers a ping between the fragments of a message', async () => {
    const sent = `0181 00000000 61 8981 00000000 70 8081 00000000 62 ${CLOSE}`
    expect(await frames(sent)).toBe('8a0170' + '81026162' + '880203e8')
  })

  it.each([
    ['an unmasked frame', '8101 61', 1002],
    ['reserved bits', 'c181 00000000 61', 1002],
    ['an unknown opcode', '8381 00000000 61', 1002],
    ['a ping in fragments', '0981 00000000 61', 1002],
    ['a long ping', '89fe 007e 00000000', 1002],
    ['a continuation of nothing', '8081 00000000 61', 1002],
    ['a message inside another', '0181 00000000 61 8181 00000000 62', 1002],
    ['half a close code', '8881 00000000 03', 1002],
    ['text that is not UTF-8', '8181 00000000 ff', 1007],
    ['a length beyond all memory', '82ff 7fffffffffffffff 00000000', 1009],
  ])('closes on %s', async (_, hex, code) => {
    const answer = await frames(hex)
    expect(answer.slice(0, 2)).toBe('88')
    expect(answer.slice(4, 8)).toBe(closedWith(code))
  })

  it('refuses other versions and other paths', async () => {
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'x' }
    const wrongVersion = await raw('/ws', { ...upgrade, 'sec-websocket-version': '12' })
    expect(wrongVersion.response.statusCode).toBe(426)
    expect(wrongVersion.response.headers).toMatchObject({
      'sec-websocket-version': '13',
      'x-shop-version': 'new',
    })
    expect((await raw('/ws', { ...upgrade, 'sec-websocket-version': '13' })).response.statusCode).toBe(400)
    expect((await raw('/', upgrade)).response.statusCode).toBe(404)
  })

  it('misbehaves as told', async () => {
    shops.new.behave({ errorRate: 1 })
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket' }
    expect((await raw('/ws', upgrade)).response.statusCode).toBe(500)
    shops.new.behave({ errorRate: 0, reset: true })
    await expect(raw('/ws', upgrade)).rejects.toThrow(/hang up|ECONNRESET/)
  })
})

describe('on its own', () => {
  const start = (...args: string[]) =>
    spawn(`${REPOSITORY}node_modules/.bin/node`, [`${REPOSITORY}examples/shop/main.ts`, ...args])

  it('prints its address, answers, and stops on SIGTERM', async () => {
    const child = start('--version', 'new')
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const url = /^new shop on (http:\S+)\n$/.exec(line.toString())?.[1] ?? ''
    expect((await fetch(url)).headers.get('x-shop-version')).toBe('new')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('says how it is called when called otherwise', async () => {
    const child = start('--version', 'newer')
    const [text] = (await once(child.stderr, 'data')) as [Buffer]
    expect(text.toString()).toContain('--version: expected old or new, got newer')
    expect(await once(child, 'exit')).toEqual([2, null])
  })
})
