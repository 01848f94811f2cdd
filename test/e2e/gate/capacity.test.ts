import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { conforming } from '../../ofrep/protocol.ts'
import { listen } from '../clients/support.ts'
import { eventually } from '../harness/eventually.ts'
import { inParallel } from '../harness/load.ts'
import { type Answer, type Origin, startOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const saying =
  (text: string, afterMs = 0): Answer =>
  (_, response) =>
    void setTimeout(() => response.end(text), afterMs)
const hanging: Answer = () => {}

const TIMEOUT_MS = 400
/** Well above what a busy machine makes of an answer at once. */
/** Well above what a busy machine takes for it. */
const CLIMBED_MS = 1_000
/** So slow by itself that what a busy machine adds is no climb. */
const STEADY_MS = 300
let old: Origin
let steady: Origin
let next: Origin
let gate: Gate

beforeAll(async () => {
  old = await startOrigin('old', saying('old'))
  next = await startOrigin('new', saying('new'))
  steady = await startOrigin('steady', saying('old', STEADY_MS))
  const origins = { on: 'new', off: 'old' }
  const flag = {
    variants: { on: true, off: false },
    off: 'off',
    rules: [{ serve: 'on', stages: [{ percentage: 100 }] }],
  }
  const flags = ['failing', 'climbing', 'dead', 'well']
  gate = await startGate({
    document: {
      origins: {
        old: { url: old.url, timeoutMs: TIMEOUT_MS * 10 },
        new: { url: next.url, timeoutMs: TIMEOUT_MS },
        // The same server: nothing but hanging on purpose is to take longer than a busy machine may.
        patient: { url: next.url, timeoutMs: TIMEOUT_MS * 10 },
        steady: { url: steady.url, timeoutMs: TIMEOUT_MS * 10 },
        gone: { url: 'http://127.0.0.1:1' },
      },
      errorPage: { html: '<h1>Back soon</h1>', retryAfterSeconds: 30 },
      context: { targetingKey: [{ header: 'x-user-id' }] },
      routes: [
        { path: '/gone', origin: 'gone' },
        { path: '/both', flag: 'both', origins: { on: 'gone', off: 'old' } },
        { path: '/hangs', flag: 'hangs', origins },
        { path: '/steady', origin: 'steady' },
        { path: '/calm', flag: 'calm', origins: { on: 'patient', off: 'steady' } },
        ...flags.map((name) => ({ path: `/${name}`, flag: name, origins: { on: 'patient', off: 'old' } })),
        { path: '/*', origin: 'old' },
      ],
      flags: Object.fromEntries(
        [...flags, 'calm', 'hangs', 'both'].map((name) => [name, { ...flag, rollout: { stepBack: '600s' } }]),
      ),
    },
  })
})
beforeEach(async () => {
  old.answer(saying('old'))
  next.answer(saying('new'))
  await eventually(
    'the new origin is known to be well',
    async () => from(await crowd('/well', 4), 'new') === 4,
  )
})
afterAll(() => Promise.all([gate?.close(), old?.close(), next?.close(), steady?.close()]))

let visitors = 0
const visit = (
  path: string,
  headers: Record<string, string> = {},
  sent: { method?: string; body?: string } = {},
) => raw(gate.url + path, { ...sent, headers: { 'x-user-id': `visitor ${visitors++}`, ...headers } })
const rollBack = (flag: string) =>
  gate.admin.call('commandFlag', { params: { flag, verb: 'rollback' }, body: { reason: 'a test' } })
/** The answers to so many visits, a few at once. */
const crowd = async (path: string, count = 24) => await inParallel(count, 4, () => visit(path))
const from = (answers: { text: string }[], origin: string) =>
  answers.filter(({ text }) => text === origin).length

/** What goes around an open circuit was not asked of the canary: it counts, but not as the canary's. */
const allCounted = (flag: string, requests: number) =>
  eventually('all are counted', async () => {
    const { arms } = await gate.flag(flag)
    return arms.canary.requests + arms.other.requests === requests && arms
  })

async function isOnFor(targetingKey: string): Promise<boolean> {
  const response = await fetch(`${gate.url}/__sluice/ofrep/v1/evaluate/flags/climbing`, {
    method: 'POST',
    body: JSON.stringify({ context: { targetingKey } }),
  })
  return (await conforming(response, 'single')).body?.value === true
}

describe('a canary that hangs', () => {
  it('holds visitors up only until that is known, is charged for those who were sent to it, and gets its traffic back', async () => {
    next.answer(hanging)
    const before = next.requests.length
    const answers = await crowd('/hangs', 100)
    expect(from(answers, 'old')).toBe(100)
    const sent = next.requests.length - before
    expect(sent).toBeLessThan(30)
    const { canary } = await allCounted('hangs', 100)
    const errorsByKind = { timeout: sent }
    expect(canary).toMatchObject({ requests: sent, errors: sent, rescued: sent, errorsByKind })
    next.answer(saying('new'))
    await eventually(
      'the canary has its visitors back',
      async () => from(await crowd('/hangs', 10), 'new') === 10,
    )
  })
})

describe('a canary that fails whatever it is asked', () => {
  it('is failed over for orders too, which are sent once, and gets its traffic back', async () => {
    const start = next.requests.length
    const order = () => visit('/failing', { 'content-length': '2' }, { method: 'POST', body: 'hi' })
    next.answer((_, response) => void response.writeHead(500).end('broken'))
    expect(await order()).toMatchObject({ status: 500, text: 'broken' })
    expect(from(await crowd('/failing', 40), 'old')).toBe(40)
    const before = next.requests.length
    for (let count = 0; count < 5; count++) expect(await order()).toMatchObject({ status: 200, text: 'old' })
    expect(next.requests.length).toBe(before)
    const sent = next.requests.length - start
    const { canary } = await allCounted('failing', 46)
    const errorsByKind = { status: sent }
    expect(canary).toMatchObject({ requests: sent, errors: sent, rescued: sent - 1, errorsByKind })
    next.answer(saying('new'))
    await eventually(
      'the canary has its visitors back',
      async () => from(await crowd('/failing', 10), 'new') === 10,
    )
  })
})

describe('when no origin answers', () => {
  it("browsers get the document's page, and programs a line of text", async () => {
    const page = await visit('/gone', { accept: 'text/html' })
    expect(page).toMatchObject({ status: 502, text: '<h1>Back soon</h1>' })
    expect(page.headers.get('retry-after')).toBe('30')
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(await visit('/gone')).toMatchObject({
      status: 502,
      text: expect.stringContaining('could not be reached'),
    })
  })

  it("visitors get an origin's own error rather than the gate's", async () => {
    old.answer((_, response) => void response.writeHead(503).end('the old shop is closed'))
    for (let count = 0; count < 10; count++) {
      expect(await visit('/both', { accept: 'text/html' })).toMatchObject({
        status: 503,
        text: 'the old shop is closed',
      })
    }
  })
})

describe('after a rollback', () => {
  it('visitors are back within seconds where control bears it', async () => {
    await crowd('/steady')
    await eventually('all are on the new version', async () => from(await crowd('/calm'), 'new') === 24)
    await rollBack('calm')
    await eventually('all visitors are back', async () => from(await crowd('/calm'), 'old') === 24)
  })

  it('they wait while the latency of control climbs', async () => {
    await crowd('/plain')
    await crowd('/climbing')
    old.answer(saying('old', CLIMBED_MS))
    await crowd('/plain')
    const stream = await listen(`${gate.url}/__sluice/ofrep/v1/stream`)
    await rollBack('climbing')
    await eventually('the first visitors are back', async () => from(await crowd('/climbing', 10), 'old') > 0)
    // Longer than all steps would take.
    const startedMs = Date.now()
    while (Date.now() < startedMs + 2_500) await crowd('/climbing')
    expect(from(await crowd('/climbing'), 'new')).toBeGreaterThan(5)
    // A flag query meanwhile gets the variant that pages are routed by.
    const seen = async (id: string) => {
      const page = await raw(`${gate.url}/climbing`, { headers: { 'x-user-id': id } })
      expect([id, await isOnFor(id)]).toEqual([id, page.text === 'new'])
    }
    await Promise.all(Array.from({ length: 12 }, (_, n) => seen(`visitor ${n}`)))
    const toldMoving = await eventually('pages hear of it', () => stream.messagesMs.length || undefined)
    old.answer(saying('old'))
    await eventually('all visitors are back', async () => from(await crowd('/climbing'), 'old') === 24)
    for (let n = 0; n < 12; n++) expect(await isOnFor(`visitor ${n}`)).toBe(false)
    // Pages that heard "on" are told to ask again when the last visitors have moved.
    await eventually('pages hear of the end', () => stream.messagesMs.length > toldMoving)
    stream.close()
  })

  it('no visitor waits for a canary that is down', async () => {
    old.answer(saying('old', 200))
    next.answer((request) => void request.socket.destroy())
    await crowd('/dead')
    await rollBack('dead')
    await eventually('all visitors are back', async () => {
      const answers = await crowd('/dead', 10)
      const decided = answers.filter(({ headers }) =>
        headers.get('sluice-flags')?.startsWith('dead=off;reason=rolled_back'),
      )
      return decided.length === 10
    })
  })
})
