import { describe, expect, it } from 'vitest'
import { internalErrorTexts } from '../../../src/contract/words/internal-errors.ts'
import {
  type InternalError,
  InternalErrors,
  messageWithoutSecrets,
  withOwn,
} from '../../../src/core/counters/internal-errors.ts'
import { Outbox } from '../../../src/core/counters/outbox.ts'

const error = (place: string, count = 1, atMs = 1_000): InternalError => ({
  place,
  count,
  firstAtMs: atMs,
  lastAtMs: atMs,
  message: `Error: at ${atMs}`,
})

describe('internal errors', () => {
  it('add up by place, with the first, the last and what the last one said', () => {
    const errors = new InternalErrors([
      error('kv.read', 2, 5_000),
      error('gate.decide'),
      error('kv.read', 3, 2_000),
    ])
    expect(errors.toList()).toEqual([
      { place: 'kv.read', count: 5, firstAtMs: 2_000, lastAtMs: 5_000, message: 'Error: at 5000' },
      error('gate.decide'),
    ])
    expect(errors.take()).toHaveLength(2)
    expect(errors.isEmpty).toBe(true)
  })

  it('make few labels, whatever a place is called, and lose no count', () => {
    const errors = new InternalErrors([error('x'.repeat(41)), error('Bad "label"\n'), error('')])
    for (let n = 0; n < 200; n++)
      errors.add([error(`p.${'a'.repeat(n % 14)}-${String.fromCharCode(97 + (n % 26))}`)])
    const list = errors.toList()
    expect(list.length).toBeLessThanOrEqual(51)
    expect(list.reduce((sum, { count }) => sum + count, 0)).toBe(203)
    expect(list.every(({ place }) => /^[a-z][a-z.-]*$/.test(place))).toBe(true)
  })

  it('travel with a batch, unchanged until it has arrived; what comes meanwhile goes with the next', () => {
    const outbox = new Outbox()
    outbox.internalErrors.add([error('kv.read')])
    expect(outbox.isEmpty).toBe(false)
    const batch = outbox.seal()
    outbox.internalErrors.add([error('kv.read', 4)])
    expect(outbox.seal()).toEqual({ seq: 1, cells: [], internalErrors: [error('kv.read')] })
    outbox.acknowledge(batch.seq)
    expect(outbox.seal()).toEqual({ seq: 2, cells: [], internalErrors: [error('kv.read', 4)] })
    outbox.acknowledge(2)
    expect(outbox.seal()).toEqual({ seq: 3, cells: [] })
  })

  it('of an isolate fill in what the Controller has not heard of', () => {
    const held = [error('kv.read', 9), error('gate.decide', 2)]
    const own = [error('kv.read', 4), error('gate.decide', 3), error('flush.send')]
    expect(withOwn(held, own)).toEqual([error('kv.read', 9), error('gate.decide', 3), error('flush.send')])
  })
})

describe('the text of an internal error', () => {
  it.each([
    [new TypeError('x is not a function'), 'TypeError: x is not a function'],
    [
      new Error('Cannot fetch https://me:pw@a.example/x?token=1#k now'),
      'Error: Cannot fetch https://…@a.example/x?… now',
    ],
    [
      new SyntaxError(`Unexpected token 's', "secret va"... is not valid JSON`),
      `SyntaxError: Unexpected token 's', "…"... is not valid JSON`,
    ],
    [new Error('Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.x'), 'Error: Bearer ….x'],
    [new Error('no user ada@example.com\nhere'), 'Error: no user … here'],
    ['thrown text', 'thrown text'],
    [undefined, 'undefined'],
  ])('keeps no secrets: %s', (thrown, text) => {
    expect(messageWithoutSecrets(thrown)).toBe(text)
  })

  it('is short', () => {
    expect(messageWithoutSecrets(new Error('a b '.repeat(5_000)))).toHaveLength(200)
  })

  it('says what, where, how often, since when and when last, for an hour', () => {
    const view = { place: 'gate.decide', count: 1_200, message: 'Error: broken' }
    const times = { firstAt: '2026-11-29T19:20:11.000Z', lastAt: '2026-11-29T19:31:02.000Z' }
    const internalErrors = [
      { ...view, ...times },
      { ...view, ...times, count: 1, lastAt: '2026-11-29T18:00:00.000Z' },
    ]
    expect(internalErrorTexts({ at: '2026-11-29T19:32:00.000Z', internalErrors })).toEqual([
      'Internal error at gate.decide: 1,200 times since 2026-11-29 19:20:11 UTC, last at 2026-11-29 19:31:02 UTC: Error: broken',
    ])
  })
})
