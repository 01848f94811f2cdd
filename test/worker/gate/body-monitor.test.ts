import { describe, expect, it } from 'vitest'
import { BodyMonitor } from '../../../src/gate/origin/body-monitor.ts'

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
