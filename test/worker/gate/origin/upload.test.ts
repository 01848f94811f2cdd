import { describe, expect, it, vi } from 'vitest'
import { watchUpload } from '../../../../src/gate/origin/upload.ts'
import { requestTo } from '../support/stage.ts'

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
