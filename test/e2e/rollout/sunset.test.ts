/** An old feature is turned off for a growing share of visitors, under the guard; who loses by it has it back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sluiceFor } from '../cli/support/cli.ts'
import { documentOfFlags } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { failuresOf, type Load, lastAre, shareOf, startLoad, visitorHeaders } from '../harness/load.ts'
import { failsEvenly, type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const FEATURE = 'old-search'
const ENDED = { expires: '2026-01-01', owner: 'search' }

let origins: { with: Origin; without: Origin }
let gate: Gate
let load: Load
let run: ReturnType<typeof sluiceFor>
let brokenShare = 0

beforeAll(async () => {
  origins = { with: await startOrigin('old'), without: await startOrigin('new') }
  const fails = failsEvenly(() => brokenShare)
  origins.without.answer((_, response) => {
    response.writeHead(fails() ? 500 : 200).end('without')
  })
  // The feature is a finished rollout of long ago: all visitors have "on", at the origin "old".
  const document = documentOfFlags(
    { old: origins.without.url, new: origins.with.url },
    { [FEATURE]: { ...ENDED, rules: [{ serve: 'on' }] } },
  )
  gate = await startGate({ document: { ...document, origins: originsOf() } })
  run = sluiceFor(gate)
  load = startLoad({
    url: gate.url,
    requestsPerSecond: 150,
    request: (n) => ({ path: `/${FEATURE}`, headers: visitorHeaders(n % 1_000) }),
  })
})
afterAll(async () => {
  await load?.stop()
  await Promise.all([gate?.close(), origins.with.close(), origins.without.close()])
})

/** The route leads "on" to `new`, and "off" to `old`. */
const originsOf = () => ({ new: { url: origins.with.url }, old: { url: origins.without.url } })
const without = (sinceMs: number) => load.since(sinceMs).filter(({ variant }) => variant === 'off')

// One story: each test goes on where the one before ended.
describe('a sunset', { shuffle: false }, () => {
  it('is proposed by stale, with the change', async () => {
    const plain = await run(['stale'])
    expect(plain.out).toContain(`sluice sunset ${FEATURE}`)
    const { flags } = JSON.parse((await run(['stale', '--json'])).out)
    expect(flags).toMatchObject([{ flag: FEATURE, sunset: { off: 'on', rules: [{ serve: 'off' }] } }])
  })

  it('begins at its first stage, as a new generation, and check has nothing against it', async () => {
    await eventually('visitors are here', () => load.shots.length > 50)
    expect(shareOf(load.shots, 'new')).toBe(1)
    const begun = await run(['sunset', FEATURE, '--yes'])
    expect([begun.code, begun.out]).toEqual([
      0,
      expect.stringContaining(`began to serve "off" of ${FEATURE}`),
    ])
    expect(await gate.flag(FEATURE)).toMatchObject({ state: 'open', stage: 0, percentage: 1 })
    expect((await run(['check', '-'], { input: await documentText() })).out).not.toMatch(
      /warning.*old-search/,
    )
    await eventually('visitors are without it', () => without(0).length > 0)
    expect(without(0).length / load.since(0).length).toBeLessThan(0.05)
  })

  it('gives the feature back to everybody when the guard finds them worse off without it', async () => {
    const asked = await run(['stage', FEATURE, '50%', '--yes'])
    expect(asked.code).toBe(0)
    const wideMs = Date.now()
    await eventually('half of them are without it', () => without(wideMs).length > 100)
    brokenShare = 0.5
    await eventually('the guard has rolled it back', async () => {
      return (await gate.flag(FEATURE)).state === 'rolled-back'
    })
    const closedMs = Date.now()
    await eventually('all have it again', () =>
      lastAre(load, 60, closedMs, ({ status, variant }) => status === 200 && variant === 'on'),
    )
    // What failed without it was answered by control, which has it.
    expect(failuresOf(load.shots)).toEqual([])
    expect((await run(['stale'])).out).not.toContain('sluice sunset')
  })

  it('is stopped by a kill in the same way', async () => {
    brokenShare = 0
    await gate.admin.command(FEATURE, 'resume', { reason: 'fixed' })
    await gate.admin.command(FEATURE, 'stage', { stage: 3 })
    const openMs = Date.now()
    await eventually('half of them are without it', () => without(openMs).length > 100)
    expect((await run(['kill', FEATURE, '--wait'])).code).toBe(0)
    const killedMs = Date.now()
    await eventually('all have it again', () =>
      lastAre(load, 60, killedMs, ({ status, variant }) => status === 200 && variant === 'on'),
    )
  })

  it('ends with everybody without it, and stale then asks for the rest', async () => {
    expect((await run(['unkill', FEATURE])).code).toBe(0)
    expect((await run(['promote', FEATURE, '--yes'])).code).toBe(0)
    const finishedMs = Date.now()
    await eventually('no visitor has it', () =>
      lastAre(load, 60, finishedMs, ({ status, variant }) => status === 200 && variant === 'off'),
    )
    expect((await run(['stale'])).out).not.toContain('sluice sunset')
    expect((await run(['sunset', FEATURE])).err).toContain('its sunset is in the document already')
  })
})

async function documentText(): Promise<string> {
  return (await gate.admin.call('getDocument')).text
}
