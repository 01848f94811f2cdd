/** The two demo shops, for the tests of a file; healthy again after each. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { HEALTHY } from '../../../examples/shop/behaviour.ts'
import { type Shop, startShop } from '../../../examples/shop/shop.ts'

export let shops: Record<'old' | 'new', Shop>

export function withShops(): void {
  beforeAll(async () => {
    shops = { old: await startShop({ version: 'old' }), new: await startShop({ version: 'new' }) }
  })
  afterEach(() => {
    for (const shop of Object.values(shops)) shop.behave(HEALTHY)
  })
  afterAll(async () => {
    await Promise.all(Object.values(shops).map((shop) => shop.close()))
  })
}

export const get = (path: string, init: RequestInit = {}, version: 'old' | 'new' = 'new') =>
  fetch(shops[version].url + path, { redirect: 'manual', ...init })

/** A response as node:http has it: nothing decoded, nothing followed. */
export async function raw(path: string, headers: Record<string, string> = {}, body?: Buffer) {
  const sent = request(shops.new.url + path, { headers, method: body === undefined ? 'GET' : 'POST' })
  sent.end(body)
  const [response]: [IncomingMessage] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { response, body: Buffer.concat(chunks) }
}
