import { exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

const gate = exports.default

describe('GET /__sluice/health', () => {
  it('answers without a document, a key or an origin', async () => {
    const response = await gate.fetch('http://gate.test/__sluice/health')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ok' })
  })
})

describe('GET /__sluice/ready', () => {
  it('answers 200 where KV can be read', async () => {
    const response = await gate.fetch('http://gate.test/__sluice/ready')
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
  })
})
