import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { get, raw, shops, withShops } from './shops.ts'

withShops()

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

  it('gzip compresses for anyone who accepts it', async () => {
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
