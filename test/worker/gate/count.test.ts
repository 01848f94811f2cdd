/** What becomes of a request in the counts: journeys, failures, visitors who left, bodies that break off. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Outcome } from '../../../src/core/outcome/outcome.ts'
import { createGate, type Gate } from '../../../src/gate/gate.ts'
import { noteInternalError, takeInternalErrors } from '../../../src/platform/internal-errors.ts'
import { originAt, SHOP, stubOrigins, unsigned } from './support/stage.ts'

afterEach(() => void vi.restoreAllMocks())

const DOCUMENT = {
  ...SHOP,
  routes: [{ path: '/judged/*', flag: 'judged', origins: { on: 'new', off: 'old' } }, ...SHOP.routes],
  flags: {
    ...SHOP.flags,
    judged: {
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ serve: 'on', stages: [{ percentage: 50 }] }],
    },
  },
}
const page = { accept: 'text/html', cookie: 'sluice_id=ada' }

function stage() {
  const gate = createGate({ bundled: DOCUMENT })
  const outcomes: Outcome[] = []
  vi.spyOn(gate.reporter, 'report').mockImplementation((outcome) => void outcomes.push(outcome))
  const work: Promise<unknown>[] = []
  const handle = (path: string, init: RequestInit = {}) =>
    gate.handle(new Request(`https://shop.test${path}`, init), unsigned, {
      waitUntil: (each) => void work.push(each),
    })
  return { gate, outcomes, work, handle }
}
const statuses = (status: number) => stubOrigins(() => new Response(status === 304 ? null : 'x', { status }))

describe('a journey', () => {
  it.each<[string, number, Record<string, string>, boolean]>([
    ['a page', 200, page, true],
    ['a page from the browser’s cache', 304, page, true],
    ['a redirect', 302, page, true],
    ['a page at the edge of errors', 399, page, true],
    ['a page that is not there', 404, page, false],
    ['a page that is forbidden', 400, page, false],
    ['a page that failed', 500, page, false],
    ['a part of a page', 200, { ...page, accept: '*/*' }, false],
    [
      'a frame',
      200,
      { ...page, 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' },
      false,
    ],
  ])('%s with status %i', async (_, status, headers, journey) => {
    statuses(status)
    const { outcomes, handle } = stage()
    await handle('/checkout/', { headers })
    expect(outcomes).toMatchObject([{ journey }])
  })

  it('is no page that the fallback had to answer', async () => {
    stubOrigins(({ url }) => new Response('', { status: url.startsWith('http://new') ? 500 : 200 }))
    const { outcomes, handle } = stage()
    await handle('/checkout/', { headers: page })
    expect(outcomes).toMatchObject([
      { journey: false, rescued: true, failure: 'status', decision: { variant: 'on' } },
    ])
  })
})

describe('what is not counted', () => {
  it('a request without a flag, and one whose visitor has left', async () => {
    const aborter = new AbortController()
    stubOrigins(({ url }) => {
      if (!url.includes('checkout')) return new Response('')
      aborter.abort()
      throw new Error('The connection broke')
    })
    const { outcomes, handle } = stage()
    await handle('/about')
    await handle('/checkout/', { signal: aborter.signal })
    expect(outcomes).toEqual([])
  })

  it('but an origin that can not be reached is', async () => {
    stubOrigins(() => Promise.reject(new Error('The connection broke')))
    const { outcomes, handle } = stage()
    await handle('/checkout/')
    expect(outcomes).toMatchObject([{ failure: 'connect', journey: false, rescued: false }])
  })
})

describe('a body that the origin breaks off', () => {
  const breaking = () =>
    new Response(new ReadableStream({ start: (controller) => controller.error(new Error('broken off')) }))
  const brokenAt = async (
    path: string,
    answer: () => Response = breaking,
    more: (gate: Gate) => void = () => {},
  ) => {
    stubOrigins(answer)
    const { gate, work, handle } = stage()
    more(gate)
    const broken = vi.spyOn(gate.reporter, 'reportBrokenBody').mockImplementation(() => {})
    const response = await handle(path, { headers: page })
    await response.text().catch(() => {})
    await Promise.all(work)
    return broken.mock.calls
  }

  it('is charged to the variant that is compared', async () => {
    const [[outcome, context] = []] = await brokenAt('/judged/')
    expect(outcome).toMatchObject({ decision: { flag: 'judged' } })
    expect(context?.nowMs).toBeGreaterThan(0)
  })

  it('is charged to no variant where the visitor is not compared', async () => {
    expect(await brokenAt('/checkout/')).toEqual([])
  })

  it('is charged to no variant where it came from another origin', async () => {
    expect(
      await brokenAt('/judged/', breaking, (gate) => {
        const complete = gate.assets.complete.bind(gate.assets)
        vi.spyOn(gate.assets, 'complete').mockImplementation(async (...given) => {
          const delivery = await complete(...given)
          return { ...delivery, answer: { ...delivery.answer, origin: originAt('http://elsewhere.test') } }
        })
      }),
    ).toEqual([])
  })

  it('is not charged beside a failure that is', async () => {
    expect(await brokenAt('/judged/', () => new Response(breaking().body, { status: 500 }))).toEqual([])
  })
})

it('exceptions that were swallowed are reported although nothing else is', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  statuses(200)
  const { gate, handle } = stage()
  takeInternalErrors()
  const stay = vi.spyOn(gate.reporter, 'stayInTouch').mockImplementation(() => {})
  await handle('/about')
  expect(stay).not.toHaveBeenCalled()
  noteInternalError('gate.test', new Error('broken'))
  await handle('/about')
  expect(stay).toHaveBeenCalledOnce()
  takeInternalErrors()
})

it('a request whose address names two hosts is a 400', async () => {
  const { gate } = stage()
  const raw = { url: 'http://a.test, b.test/x', method: 'GET', headers: new Headers() } as unknown as Request
  const response = await gate.handle(raw, unsigned, { waitUntil: () => {} })
  expect([response.status, await response.text()]).toEqual([400, 'Bad Request\n'])
})
