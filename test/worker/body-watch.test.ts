import { describe, expect, it } from 'vitest'
import { BodyWatch } from '../../src/edge/body-watch.ts'

const request = new Request('https://shop.example.com/')
const watch = (headers: Record<string, string>) =>
  new BodyWatch().watch(new Response('hello', { headers }), { request, nowMs: 0 }, () => {})
const textOf = (body: ReadableStream | null) => new Response(body).text()

describe('a body on its way', () => {
  it.each([[{}], [{ 'content-length': '5' }]])('is watched, with %o', async (headers) => {
    const watched = watch(headers)
    expect(await textOf(watched?.body ?? null)).toBe('hello')
    await watched?.done
  })

  // Origins send such, and the runtime makes sense of it.
  it.each([
    [{ 'content-length': '5, 5' }],
    [{ 'content-length': '3', 'transfer-encoding': 'chunked' }],
    [{ 'content-length': 'x' }],
  ])('is left alone where its length is not plain, with %o', (headers) => {
    expect(watch(headers)).toBeUndefined()
  })
})
