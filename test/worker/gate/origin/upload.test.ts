import { afterEach, describe, expect, it, vi } from 'vitest'
import { fetchOrigin } from '../../../../src/gate/origin/fetch-origin.ts'
import { watchUpload } from '../../../../src/gate/origin/upload.ts'
import { NOW_MS, originAt, requestTo, stopClock, stubOrigins } from '../support/stage.ts'

const URL_ = 'https://shop.test/'
const stream = (start: (controller: ReadableStreamDefaultController) => void) => new ReadableStream({ start })
const encoded = new TextEncoder().encode('order')
const watched = (body: BodyInit, length = '5', method = 'POST') =>
  watchUpload(requestTo(URL_, { method, body, headers: { 'content-length': length } }))

describe('an upload', () => {
  it('passes as it is, and its end is known', async () => {
    const upload = watched('order')
    const text = new Response(upload?.body).text()
    await upload?.ended
    expect(await text).toBe('order')
    expect(await upload?.isBroken()).toBe(false)
  })

  it.each([
    ['without a length', requestTo(URL_, { method: 'POST', body: new Response('order').body })],
    ['without a body', requestTo(URL_, { method: 'POST', headers: { 'content-length': '0' } })],
    ['of a GET', requestTo(URL_, { headers: { 'content-length': '0' } })],
    ['of a HEAD', requestTo(URL_, { method: 'HEAD', headers: { 'content-length': '0' } })],
  ])('%s is not watched', (_, request) => expect(watchUpload(request)).toBeUndefined())

  it('that the visitor breaks off is broken', async () => {
    const upload = watched(
      stream((controller) => {
        controller.enqueue(encoded.slice(0, 2))
        setTimeout(() => controller.error(new Error('The visitor is gone')), 5)
      }),
    )
    const read = new Response(upload?.body).text().catch(() => 'broken')
    await upload?.ended
    expect(await upload?.isBroken()).toBe(true)
    void read
  })

  it('that breaks a moment after the origin did is broken too', async () => {
    let breakOff = () => {}
    const upload = watched(
      stream((controller) => {
        breakOff = () => controller.error(new Error('The visitor is gone'))
      }),
    )
    void new Response(upload?.body).text().catch(() => {})
    const isBroken = upload?.isBroken()
    breakOff()
    expect(await isBroken).toBe(true)
  })

  it('that is still under way is not broken', async () => {
    const upload = watched(stream((controller) => controller.enqueue(encoded.slice(0, 2))))
    void new Response(upload?.body).text().catch(() => {})
    expect(await upload?.isBroken()).toBe(false)
  })

  it('that the origin does not take is not broken', async () => {
    const upload = watched(stream((controller) => controller.enqueue(encoded)))
    await upload?.body.cancel()
    expect(await upload?.isBroken()).toBe(false)
  })

  it('is given a millisecond to break, and another to say so', async () => {
    const wait = vi.spyOn(scheduler, 'wait')
    const upload = watched('order')
    await new Response(upload?.body).text()
    await upload?.isBroken()
    expect(wait.mock.calls).toEqual([[1], [1]])
    wait.mockRestore()
  })
})

describe('how long an upload takes is up to the visitor', () => {
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  /** What is made of an answer that comes after so long. */
  const answered = async (
    request: ReturnType<typeof requestTo>,
    tookMs: number,
    answer: number | 'broken',
  ) => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS })
    stubOrigins(() => {
      vi.setSystemTime(NOW_MS + tookMs)
      if (answer === 'broken') throw new Error('The connection broke')
      return new Response('', { status: answer })
    })
    const { kind, failure, latencyMs } = await fetchOrigin(request, {
      origin: originAt('http://new.test'),
      extraHeaders: [],
    })
    return [kind, failure, latencyMs]
  }
  const chunked = () => requestTo(URL_, { method: 'POST', body: new Response('order').body })
  /** A body that never ends. */
  const dripping = () =>
    requestTo(URL_, {
      method: 'POST',
      body: stream((controller) => controller.enqueue(encoded.slice(0, 2))),
      headers: { 'content-length': '5' },
    })
  /** A request whose body no one reads: the answer comes before it has ended. */
  const unread = (request: ReturnType<typeof requestTo>) => {
    vi.spyOn(Request.prototype, 'text').mockResolvedValue('')
    return request
  }

  it.each([
    ['without a length', chunked],
    ['that has not ended', () => unread(dripping())],
  ])('%s: its time is not the origin’s latency, and a late failure is not charged', async (_, make) => {
    expect(await answered(make(), 60_000, 200)).toEqual(['answered', undefined, undefined])
    expect(await answered(make(), 1_000, 500)).toEqual(['answered', 'status', undefined])
    expect(await answered(make(), 1_001, 500)).toEqual(['answered', undefined, undefined])
    expect((await answered(make(), 1_001, 'broken'))[0]).toBe('abandoned')
  })

  it('a request without a body has its time', async () => {
    stopClock()
    expect(await answered(requestTo(URL_), 5_000, 500)).toEqual(['answered', 'status', 5_000])
  })
})
