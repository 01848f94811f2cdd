/** The Worker's entry: which requests the gate answers itself, and which go to an origin. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, it, vi } from 'vitest'
import worker from '../../src/index.ts'
import type { Env } from '../../src/platform/env.ts'

afterEach(() => void vi.restoreAllMocks())

async function ask(url: string, init: RequestInit = {}) {
  const fetch = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response('an origin'))
  const response = await worker.fetch(
    new Request(url, init) as never,
    env as unknown as Env,
    createExecutionContext(),
  )
  return { response, isProxied: fetch.mock.calls.length > 0 }
}

it.each([
  ['https://shop.test/__sluice/health', 200],
  ['https://shop.test/__sluice/nothing', 404],
  ['https://shop.test/__sluice', 404],
  ['https://shop.test/__sluice?x', 404],
])('%s is answered by the gate', async (url, status) => {
  for (const method of ['GET', 'HEAD', 'POST']) {
    const { response, isProxied } = await ask(url, { method })
    expect(isProxied).toBe(false)
    if (method === 'GET') expect(response.status).toBe(status)
  }
})

it.each([
  'https://shop.test/',
  'https://shop.test/__sluicegate',
  'https://shop.test/%5F_sluice/health',
  'https://shop.test/a/__sluice/health',
  'https://shop.test/?/__sluice/health',
])('%s goes to the origin', async (url) => {
  for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS'])
    expect((await ask(url, { method })).isProxied).toBe(true)
})

it.each([
  'https://shop.test/x/../__sluice/api/v1/me',
  'https://shop.test/x/%2e%2e/__sluice/api/v1/me',
  'https://shop.test/./__sluice',
  'https://evil.test/?://shop.test/',
])('%s, as a raw connection can send it, goes nowhere', async (url) => {
  const fetch = vi.spyOn(globalThis, 'fetch')
  const headers = { host: 'shop.test', authorization: 'Bearer secret' }
  const raw = Object.defineProperty(new Request('https://shop.test/', { headers }), 'url', { value: url })
  const response = await worker.fetch(raw as never, env as unknown as Env, createExecutionContext())
  expect([response.status, fetch.mock.calls.length]).toEqual([400, 0])
})
