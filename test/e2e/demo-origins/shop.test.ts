import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { get, withShops } from './shops.ts'

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url))
withShops()

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

  it('answers 304 to the ETag of its style sheet only', async () => {
    const etag = (await get('/style.css', {}, version)).headers.get('etag') ?? ''
    const headers = { 'if-none-match': `"other", W/${etag}` }
    expect((await get('/style.css', { headers }, version)).status).toBe(304)
    expect((await get('/style.css', { headers }, version === 'old' ? 'new' : 'old')).status).toBe(200)
  })

  it('has no style inside its pages', async () => {
    expect(await (await get('/', {}, version)).text()).not.toMatch(/<style|style="/)
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
