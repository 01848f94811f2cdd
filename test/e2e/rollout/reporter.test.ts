/** A back end that answers 200 and fails all the same: what it reports for its visitors closes the canary. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ErrorReporter, readDecision } from '../../../src/sdk/server/index.ts'
import { document, FLAG } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Load, startLoad } from '../harness/load.ts'
import { type Origin, sayName, startOrigin } from '../harness/origin.ts'
import { type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'
import { derivedKey } from '../harness/tokens.ts'

const STAGED = {
  rules: [{ serve: 'on', stages: [{ percentage: 50, bake: '1h' }] }],
  guard: { errors: {}, latency: false },
}
let origins: { old: Origin; new: Origin }
let gate: Gate
let load: Load | undefined

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  const urls = { old: origins.old.url, new: origins.new.url }
  gate = await startGate({ document: document(urls, STAGED), signingKey: SIGNING_KEY })
})
afterAll(async () => {
  await load?.stop()
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
})

it('errors that a server reports with its token roll the canary back', async () => {
  const { token } = await gate.admin.call('createToken', { body: { name: 'shop', role: 'reporter' } })
  const reporter = new ErrorReporter({ url: gate.url, token, gatherMs: 200 })
  load = startLoad({ url: gate.url, requestsPerSecond: 100 })
  await eventually('visitors see the canary', () => origins.new.requests.length > 20)
  expect((await gate.flag(FLAG)).state).toBe('open')
  origins.new.answer(async (request, response) => {
    const decision = await readDecision(request.headers, { signingKey: derivedKey('origin') })
    if (decision !== undefined) reporter.report(decision)
    await sayName('new')(request, response)
  })
  await eventually('the flag is rolled back', async () => (await gate.flag(FLAG)).state === 'rolled-back')
  const { cells } = await gate.flag(FLAG)
  const reported = cells
    .filter(({ arm }) => arm === 'canary')
    .map(({ errorsByKind }) => errorsByKind.reported ?? 0)
  expect(Math.max(...reported)).toBeGreaterThan(0)
  // The visitors themselves had no error page.
  expect(load.shots.filter(({ status }) => status >= 500)).toEqual([])
})
