import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { TimeoutError, within } from '../../../../src/gate/origin/timeout.ts'
import { withTimeout } from '../../../../src/platform/timeout.ts'
import { stopClock } from '../support/stage.ts'

beforeEach(() => stopClock())
afterEach(() => void vi.useRealTimers())

function pending<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
const outcome = (work: Promise<unknown>) =>
  work.then(
    (value) => value,
    (error) => error,
  )

it('a response in time is the response, and is never cancelled', async () => {
  const cancel = vi.fn()
  const sent = pending<Response>()
  const result = outcome(within(sent.promise, 50))
  await vi.advanceTimersByTimeAsync(49)
  const response = new Response(new ReadableStream({ cancel }))
  sent.resolve(response)
  expect(await result).toBe(response)
  await vi.advanceTimersByTimeAsync(100)
  expect(cancel).not.toHaveBeenCalled()
})

it('a failure in time is the failure', async () => {
  const error = new Error('The connection broke')
  expect(await outcome(within(Promise.reject(error), 50))).toBe(error)
  await vi.advanceTimersByTimeAsync(100)
})

it('a response that comes too late is an error, and its body ends', async () => {
  const cancel = vi.fn()
  const sent = pending<Response>()
  const result = outcome(within(sent.promise, 50))
  await vi.advanceTimersByTimeAsync(50)
  expect(await result).toBeInstanceOf(TimeoutError)
  sent.resolve(new Response(new ReadableStream({ cancel })))
  await vi.advanceTimersByTimeAsync(1)
  expect(cancel).toHaveBeenCalledOnce()
})

it('a failure after the time changes nothing', async () => {
  const sent = pending<Response>()
  const result = outcome(within(sent.promise, 50))
  await vi.advanceTimersByTimeAsync(50)
  sent.reject(new Error('The connection broke'))
  expect(await result).toBeInstanceOf(TimeoutError)
})

it('work that takes too long is an error that says so', async () => {
  const result = outcome(withTimeout(new Promise(() => {}), 50))
  await vi.advanceTimersByTimeAsync(50)
  expect(String(await result)).toContain('no answer within 50 ms')
})

it('work in time is its result, or its error, and leaves no timer', async () => {
  const error = new Error('broken')
  expect(await withTimeout(Promise.resolve(7), 50)).toBe(7)
  expect(await outcome(withTimeout(Promise.reject(error), 50))).toBe(error)
  expect(vi.getTimerCount()).toBe(0)
})
