/** The admin API while the Controller does not answer: a kill goes into KV, everything else says so and changes nothing. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import { createEndpoints } from '../../../src/api/endpoints.ts'
import { type AdminClient, ApiError, createAdminClient } from '../../../src/contract/client.ts'
import { createGate } from '../../../src/gate/gate.ts'
import type { Env } from '../../../src/platform/env.ts'
import { describedFetch } from '../../support/openapi.ts'
import { ADMIN_TOKEN, GATE_URL } from '../support/admin.ts'

const onOff = { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on' }] }
const DOCUMENT = {
  origins: { old: { url: 'http://old.test' } },
  routes: [{ path: '/*', origin: 'old' }],
  flags: { one: onOff, other: onOff },
}
const unreachable = new Proxy({}, { get: () => async () => Promise.reject(new Error('The object is away')) })
const withoutController = {
  ...env,
  CONTROLLER: { idFromName: () => 'controller', get: () => unreachable },
} as unknown as Env

let admin: AdminClient

function adminAs(token: string): AdminClient {
  const app = createEndpoints(createGate({ bundled: DOCUMENT }))
  const send = async (input: unknown, init?: RequestInit) =>
    await app.fetch(new Request(String(input), init), withoutController, createExecutionContext())
  return createAdminClient({ baseUrl: GATE_URL, token, fetch: describedFetch(send as typeof fetch) })
}

beforeEach(async () => {
  await env.GATE.put('config', JSON.stringify(DOCUMENT))
  await env.GATE.delete('kill')
  admin = adminAs(ADMIN_TOKEN)
})

const killList = () => env.GATE.get('kill', { type: 'text' })
const kill = (flag: string) => admin.command(flag, 'kill')
const reasonOf = async (flag: string) => (await admin.call('explain', { body: { flag } })).flags[0]?.reason
const statusOf = async (work: Promise<unknown>) =>
  await work.then(
    () => 200,
    (error: unknown) => (error instanceof ApiError ? error.status : error),
  )

it('a kill goes into KV, beside what people have killed there, and this isolate has it', async () => {
  await env.GATE.put('kill', '["other"]')
  expect(await kill('one')).toEqual({ epoch: 0, via: 'kv', before: null, after: null })
  expect(await killList()).toBe('["other","one"]')
  expect(await reasonOf('one')).toBe('KILLED')
  // Repeating it succeeds.
  expect((await kill('one')).via).toBe('kv')
  expect(await killList()).toBe('["other","one"]')
})

it.each(['*', 'all'])('a kill of %s closes every flag', async (word) => {
  await kill(word)
  expect(await killList()).toBe('["*"]')
  expect([await reasonOf('one'), await reasonOf('other')]).toEqual(['KILLED', 'KILLED'])
})

it('a kill of a flag that is not there is no kill', async () => {
  expect(await statusOf(kill('nowhere'))).toBe(404)
  expect(await killList()).toBeNull()
})

it('a list that can not be read any more opens no flag', async () => {
  await env.GATE.put('kill', '["other"]')
  expect(await reasonOf('other')).toBe('KILLED')
  await env.GATE.put('kill', '{"broken')
  await kill('one')
  expect(await killList()).toBe('["other","one"]')
})

it('everything else is 503 and changes nothing, the status says why, and unknown tokens are no wrong ones', async () => {
  for (const verb of ['unkill', 'pause', 'rollback', 'resume'] as const)
    expect(await statusOf(admin.command('one', verb)), verb).toBe(503)
  const change = { document: DOCUMENT, expectedVersion: 0 }
  expect(await statusOf(admin.call('publishDocument', { body: change }))).toBe(503)
  expect(await killList()).toBeNull()
  expect(await admin.call('getStatus')).toMatchObject({ controller: 'unreachable', isolates: 0 })
  expect(await statusOf(adminAs('sluice_of-an-operator').call('getStatus'))).toBe(503)
})
