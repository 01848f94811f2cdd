import { expect, it } from 'vitest'
import { errorResponse } from '../../../../src/gate/origin/error-page.ts'
import { originAt, requestTo, SHOP, snapshotOf } from '../support/stage.ts'

const page = (retryAfterSeconds?: number) => ({
  errorPage: { html: '<h1>Soon</h1>', ...(retryAfterSeconds && { retryAfterSeconds }) },
})

async function errorOf(failure: 'timeout' | 'connect', accept: string | undefined, more: object = {}) {
  const request = requestTo('https://shop.test/', { headers: accept === undefined ? {} : { accept } })
  const unanswered = { kind: 'failed' as const, origin: originAt('http://old.test'), failure, latencyMs: 1 }
  const response = errorResponse(unanswered, request, snapshotOf({ ...SHOP, ...more }))
  return [response.status, await response.text(), Object.fromEntries(response.headers)]
}

const plain = { 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8' }
const html = { 'cache-control': 'no-store', 'content-type': 'text/html; charset=utf-8' }

it.each([
  ['timeout', 504, 'took too long to answer'],
  ['connect', 502, 'could not be reached'],
] as const)('an origin without an answer (%s) is a %i', async (failure, status, what) => {
  const text = `The site ${what}. Please try again in a moment.\n`
  expect(await errorOf(failure, 'text/html')).toEqual([status, text, plain])
  expect(await errorOf(failure, 'text/html,*/*', page())).toEqual([status, '<h1>Soon</h1>', html])
  expect(await errorOf(failure, 'text/html', page(30))).toEqual([
    status,
    '<h1>Soon</h1>',
    { ...html, 'retry-after': '30' },
  ])
  expect(await errorOf(failure, 'application/json', page(30))).toEqual([status, text, plain])
  expect(await errorOf(failure, undefined, page(30))).toEqual([status, text, plain])
})
