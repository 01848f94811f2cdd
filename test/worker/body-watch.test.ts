import { describe, expect, it } from 'vitest'
import { BodyWatch } from '../../src/edge/body-watch.ts'

const request = new Request('https://shop.example.com/')
const watch = (headers: Record<string, string>) =>
  new BodyWatch().watch(new Response('hello', { headers }), { request, nowMs: 0 }, () => {})
const textOf = (body: ReadableStream | null) => new Response(body).text()

describe('a body on its way', () => {
  it.each([[{}], [{ 'content-length': '5' }]])('is watched, with %o', async (headers) => {
    const { body, done } = watch(headers)
    expect(done).toBeDefined()
    expect(await textOf(body)).toBe('hello')
    await done
  })

  // Origins send such, and the runtime makes sense of it.
  it.each([
    [{ 'content-length': '5, 5' }],
    [{ 'content-length': '3', 'transfer-encoding': 'chunked' }],
    [{ 'content-length': 'x' }],
  ])('is left alone where its length is not plain, with %o', async (headers) => {
    const { body, done } = watch(headers)
    expect(done).toBeUndefined()
    expect(await textOf(body)).toBe('hello')
  })
})
