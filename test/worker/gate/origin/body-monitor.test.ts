import { describe, expect, it, vi } from 'vitest'
import { BodyMonitor } from '../../../../src/gate/origin/body-monitor.ts'
import { NOW_MS, stopClock } from '../support/stage.ts'

const request = new Request('https://shop.example.com/')
const watch = (headers: Record<string, string>, response = new Response('hello', { headers })) =>
  new BodyMonitor().watch(response, { raw: request, nowMs: 0 }, () => {})
const textOf = (body: ReadableStream | null) => new Response(body).text()

describe('a body on its way', () => {
  it.each([[{}], [{ 'content-length': '5' }]])('is watched, with %o', async (headers) => {
    const watched = watch(headers)
    expect(watched?.done).toBeDefined()
    expect(await textOf(watched?.body ?? null)).toBe('hello')
    await watched?.done
  })

  // Origins send such, and the runtime makes sense of it.
  it.each([
    [{ 'content-length': '5, 5' }],
    [{ 'content-length': '3', 'transfer-encoding': 'chunked' }],
    [{ 'content-length': 'x' }],
  ])('is left alone where its length is not plain, with %o', async (headers) => {
    const response = new Response('hello', { headers })
    expect(watch(headers, response)).toBeUndefined()
    expect(await textOf(response.body)).toBe('hello')
  })

  it('that is none is not counted among those that are watched', () => {
    const bodies = new BodyMonitor()
    const ask = (body: string | null) =>
      bodies.watch(new Response(body), { raw: request, nowMs: 0 }, () => {})
    for (let count = 0; count < 100; count++) expect(ask(null)).toBeUndefined()
    expect(ask('hello')).toBeDefined()
  })
})

describe('which bodies are watched', () => {
  const at = (nowMs: number, signal?: AbortSignal) => ({
    raw: new Request('https://shop.example.com/', signal ? { signal } : {}),
    nowMs,
  })
  const many = (bodies: BodyMonitor, nowMs: number) => {
    let watched = 0
    while (watched < 200 && bodies.watch(new Response('x'), at(nowMs), () => {})) watched++
    return watched
  }
  const broken = (error = new Error('The origin broke off')) =>
    new Response(new ReadableStream({ start: (controller) => controller.error(error) }))

  it('twenty at once, and twenty more with each second', () => {
    const bodies = new BodyMonitor()
    expect([many(bodies, 1_000), many(bodies, 1_050), many(bodies, 2_050)]).toEqual([20, 1, 20])
  })

  it('all of them for a minute after one that broke off', async () => {
    stopClock()
    const bodies = new BodyMonitor()
    const onBroken = vi.fn()
    const watched = bodies.watch(broken(), at(0), onBroken)
    await watched?.done
    expect(onBroken).toHaveBeenCalledOnce()
    expect(many(bodies, NOW_MS + 59_999)).toBe(200)
    expect(many(bodies, NOW_MS + 60_000)).toBeLessThan(200)
    vi.useRealTimers()
  })

  it('a visitor who leaves breaks nothing', async () => {
    const bodies = new BodyMonitor()
    const onBroken = vi.fn()
    const aborter = new AbortController()
    const watched = bodies.watch(new Response(new ReadableStream()), at(0, aborter.signal), onBroken)
    aborter.abort()
    await watched?.done
    expect(onBroken).not.toHaveBeenCalled()
    expect(many(bodies, Date.now() + 100)).toBeLessThan(200)
  })

  it('a body that ends breaks nothing', async () => {
    const bodies = new BodyMonitor()
    const onBroken = vi.fn()
    const watched = bodies.watch(new Response('hello'), at(0), onBroken)
    expect(await new Response(watched?.body).text()).toBe('hello')
    await watched?.done
    expect(onBroken).not.toHaveBeenCalled()
  })

  it.each([
    ['5', true],
    ['999999999999999', true],
    ['9999999999999999', false],
    ['-5', false],
  ])('of length %s: %s', (length, isWatched) => {
    const response = new Response('hello', { headers: { 'content-length': length } })
    expect(new BodyMonitor().watch(response, at(0), () => {}) !== undefined).toBe(isWatched)
  })
})
