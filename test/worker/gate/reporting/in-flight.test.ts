import { describe, expect, it } from 'vitest'
import type { Decision } from '../../../../src/core/decision/decide.ts'
import { InFlightRequest, InFlightRequests } from '../../../../src/gate/reporting/in-flight.ts'

const decision = { flag: 'checkout' } as Decision

function stage() {
  const all = new InFlightRequests()
  const send = (deadlineMs: number, sentAtMs: number, signal?: AbortSignal) => {
    const raw = new Request('https://shop.test/', signal ? { signal } : {})
    const request = new InFlightRequest({ decision, network: 0 }, deadlineMs, raw, all)
    request.sent(sentAtMs)
    return request
  }
  /** Ages of the requests that are overdue at a time. */
  const overdue = (nowMs: number) => {
    const ages: number[] = []
    all.takeOverdue(nowMs, (_, ageMs) => void ages.push(ageMs))
    return ages
  }
  return { all, send, overdue }
}

describe('a request without an answer', () => {
  it('is overdue once its deadline has passed, and only once', () => {
    const { send, overdue } = stage()
    const request = send(500, 1_000)
    expect(overdue(1_499)).toEqual([])
    expect(request.isCounted).toBe(false)
    expect(overdue(1_500)).toEqual([500])
    expect(request.isCounted).toBe(true)
    expect(overdue(9_000)).toEqual([])
  })

  it('goes by its own deadline', () => {
    const { send, overdue } = stage()
    send(500, 1_000)
    send(200, 1_000)
    send(500, 1_100)
    expect(overdue(1_250)).toEqual([250])
    expect(overdue(1_590)).toEqual([590])
    expect(overdue(1_600)).toEqual([500])
  })

  it('that got one is not overdue, others are', () => {
    const { send, overdue } = stage()
    const answered = send(500, 1_000)
    send(500, 1_010)
    answered.ended()
    answered.ended()
    expect(overdue(2_000)).toEqual([990])
  })

  it('whose visitor has left is not counted', () => {
    const { send, overdue } = stage()
    const aborter = new AbortController()
    const request = send(500, 1_000, aborter.signal)
    send(500, 1_000)
    expect(request.hasVisitor).toBe(true)
    aborter.abort()
    expect(request.hasVisitor).toBe(false)
    expect(overdue(1_500)).toEqual([500])
    expect(request.isCounted).toBe(false)
  })

  it('is not counted again where it is sent again', () => {
    const { send, overdue } = stage()
    const request = send(500, 1_000)
    overdue(1_500)
    request.sent(1_600)
    expect(request.sentAtMs).toBe(1_000)
    expect(overdue(9_000)).toEqual([])
  })
})
