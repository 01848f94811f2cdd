import { ErrorCode, OpenFeature, ProviderStatus } from '@openfeature/server-sdk'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { gateContext, SluiceProvider } from '../../src/sdk/openfeature/index.ts'
import { testFlags } from '../../src/sdk/testing/index.ts'

const URL = 'http://gate.test'

afterEach(async () => {
  vi.useRealTimers()
  await OpenFeature.close()
})

/** A gate that refuses the first query like this, and answers the next ones. */
function refusingOnce(status: number, retryAfter: string | undefined) {
  const refusal = new Response('{}', { status, headers: retryAfter ? { 'retry-after': retryAfter } : {} })
  const flags = testFlags({ shop: 'on' })
  return vi.fn(flags.fetch).mockResolvedValueOnce(refusal)
}

describe('SluiceProvider', () => {
  it.each([
    ['429 with seconds', 429, () => '7', 7],
    ['429 with a date', 429, () => new Date(Date.now() + 7_000).toUTCString(), 7],
    ['429 without a time', 429, () => undefined, 60],
    ['503 with seconds', 503, () => '7', 7],
  ])('sends no query until the time that a refusal names: %s', async (_, status, retryAfter, seconds) => {
    vi.useFakeTimers({ now: 1_000_000_000_000, toFake: ['Date'] })
    const fetch = refusingOnce(status, retryAfter())
    const provider = new SluiceProvider({ url: URL, fetch })
    const ask = () => provider.resolveBooleanEvaluation('shop', false, {})
    expect(await ask()).toMatchObject({ value: false, errorCode: ErrorCode.GENERAL })
    vi.advanceTimersByTime((seconds - 1) * 1_000)
    expect(await ask()).toMatchObject({ value: false, errorCode: ErrorCode.GENERAL })
    expect(fetch).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1_000)
    expect((await ask()).value).toBe(true)
  })

  it('asks again at once after a failure that names no time', async () => {
    const provider = new SluiceProvider({ url: URL, fetch: refusingOnce(503, undefined) })
    expect((await provider.resolveBooleanEvaluation('shop', false, {})).value).toBe(false)
    expect((await provider.resolveBooleanEvaluation('shop', false, {})).value).toBe(true)
  })

  it('is ready while the gate is away, and refuses an address that is none', async () => {
    const away = () => Promise.reject(new Error('refused'))
    await OpenFeature.setProviderAndWait(new SluiceProvider({ url: URL, fetch: away }))
    const client = OpenFeature.getClient()
    expect(client.providerStatus).toBe(ProviderStatus.READY)
    expect(await client.getNumberDetails('limit', 3)).toMatchObject({
      value: 3,
      errorCode: ErrorCode.GENERAL,
      errorMessage: 'Cannot query the gate: refused',
    })
    const wrong = new SluiceProvider({ url: 'www.example.com' })
    await expect(OpenFeature.setProviderAndWait(wrong)).rejects.toThrow('url must be absolute')
  })

  it('ends queries under way when it is closed, and works again when it is set again', async () => {
    const flags = testFlags({ shop: 'on' })
    const hanging = vi.fn((_url: string, { signal }: RequestInit) => {
      return new Promise<Response>((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error)),
      )
    })
    const fetch = vi.fn((url: string, _init: RequestInit) => flags.fetch(url)).mockImplementationOnce(hanging)
    const provider = new SluiceProvider({ url: URL, fetch })
    const asked = provider.resolveBooleanEvaluation('shop', false, {})
    await vi.waitFor(() => expect(hanging).toHaveBeenCalled())
    await provider.onClose()
    expect(await asked).toMatchObject({
      value: false,
      errorMessage: 'Cannot query the gate: the provider is closed',
    })
    await provider.initialize()
    expect((await provider.resolveBooleanEvaluation('shop', false, {})).value).toBe(true)
  })

  it('refuses the SIGNING_KEY of the gate, which an app must not have', () => {
    const signingKey = 'the SIGNING_KEY itself'
    expect(() => new SluiceProvider({ url: URL, signingKey })).toThrow(/what "sluice key origin" prints/)
    expect(() => new SluiceProvider({ url: URL, signingKey: undefined })).not.toThrow()
  })

  it('reads the variant of a signed header without a query', async () => {
    const flags = testFlags({ shop: 'on' })
    const fetch = vi.fn(flags.fetch)
    const provider = new SluiceProvider({ url: URL, fetch, signingKey: 'sluice-origin-secret' })
    const context = gateContext(await flags.headers({ signingKey: 'sluice-origin-secret' }))
    expect(await provider.resolveBooleanEvaluation('shop', false, context)).toMatchObject({ variant: 'on' })
    expect(fetch).not.toHaveBeenCalled()
  })
})
