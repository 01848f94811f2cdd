import { describe, expect, it } from 'vitest'
import { HEALTHY } from '../../../examples/shop/behaviour.ts'
import { startShop } from '../../../examples/shop/shop.ts'
import { get, shops, withShops } from './shops.ts'

withShops()

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
