/**
 * The simple flag file through importer, KV and the running Worker, for random users over OFREP, against a literal
 * reading of what the file says. `SLUICE_LONG=1` asks for 100,000 users, `FUZZ_RUNS` for so many others.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { importFeatures } from '../../../src/interop/features/import.ts'
import { documentIn } from '../../interop/decider.ts'
import {
  isOn,
  type LiteralFlag,
  type LiteralUser,
  randomUsers,
} from '../../interop/features/literal-features.ts'
import { conforming } from '../../ofrep/protocol.ts'
import { SEED } from '../../support/seed.ts'
import { eventually } from '../harness/eventually.ts'
import { LONG } from '../harness/long.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const TEXT = readFileSync(new URL('../../interop/fixtures/features_config.json', import.meta.url), 'utf8')
const { features } = JSON.parse(TEXT) as { features: Record<string, LiteralFlag> }
const NAMES = Object.keys(features)
const USERS = Number(process.env.FUZZ_RUNS ?? (LONG ? 100_000 : 1_500))
const AT_ONCE = 8

/** On for one user, whose errors and slow calls are all that there is. */
const COUNTED = {
  failing: { active: true, users: ['alice'], percentage_rollout: 0, error_threshold: 3 },
  slow: {
    active: true,
    users: ['alice'],
    percentage_rollout: 0,
    performance_baseline: 0.5,
    performance_threshold: 3,
  },
}

let gate: Gate

beforeAll(async () => {
  const app = { url: 'https://app.example.com' }
  const nothing = { origins: { app }, routes: [{ path: '/*', origin: 'app' }] }
  gate = await startGate({ document: nothing, environment: 'production', published: false })
  const imported = documentIn(importFeatures(JSON.stringify(COUNTED), documentIn(importFeatures(TEXT))))
  await gate.kv.put('config', {
    ...imported,
    context: { targetingKey: [{ header: 'x-user-id' }] },
    flagQueries: { requestsPerMinute: 1_000_000 },
  })
  const all = NAMES.length + Object.keys(COUNTED).length
  await eventually('the gate decides by the file', async () => (await ask(undefined)).size === all)
})
afterAll(() => gate?.close())

/** Flag → whether it is on. */
async function ask(user: LiteralUser | undefined): Promise<Map<string, boolean>> {
  const { id, ...attributes } = user ?? {}
  const context = { ...(id !== undefined && { targetingKey: id }), ...attributes }
  const response = await fetch(`${gate.url}/__sluice/ofrep/v1/evaluate/flags`, {
    method: 'POST',
    body: JSON.stringify({ context }),
  })
  const { status, body } = await conforming(response, 'bulk')
  expect(status).toBe(200)
  const flags = body?.flags as { key: string; value?: unknown }[]
  return new Map(flags.map(({ key, value }) => [key, value === true]))
}

it(
  `decides for ${USERS} random users as the file says`,
  async () => {
    const users = randomUsers(USERS, SEED)
    const different: unknown[] = []
    const seen = new Set<string>()
    let asked = 0
    async function compareSome(): Promise<void> {
      for (const user of users) {
        const at = { environment: 'production', nowMs: Date.now() }
        const answer = await ask(user)
        for (const name of NAMES) {
          const expected = isOn(features, name, user, at)
          seen.add(`${name} ${expected}`)
          if (answer.get(name) !== expected) different.push({ name, user, expected, found: answer.get(name) })
        }
        asked++
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, compareSome))
    expect(different.slice(0, 5)).toEqual([])
    expect(asked).toBe(USERS)
    // Ten flags differ from user to user; one for which they don't would prove nothing.
    expect(NAMES.filter((name) => seen.has(`${name} true`) && seen.has(`${name} false`))).toHaveLength(10)
  },
  60_000 + USERS * 20,
)

it('closes flags by plain counts of what is reported, also by a user who is listed', async () => {
  const reports = [
    ...Array.from({ length: 4 }, () => ({ type: 'error', flag: 'failing' })),
    ...[900, 100, 900, 900, 900].map((durationMs) => ({ type: 'timing', flag: 'slow', durationMs })),
  ]
  const taken = await fetch(`${gate.url}/__sluice/events`, {
    method: 'POST',
    headers: { 'x-user-id': 'alice' },
    body: JSON.stringify({ reports }),
  })
  expect(taken.status).toBe(202)
  await eventually('both flags are off', async () => {
    const flags = await ask({ id: 'alice' })
    return flags.get('failing') === false && flags.get('slow') === false
  })
  const reasons = (await gate.audit())
    .filter(({ action }) => action === 'rollback')
    .map(({ reason }) => reason)
  expect(reasons.toSorted()).toEqual([
    '4 errors, more than the threshold of 3',
    '4 requests slower than 500 ms, more than the threshold of 3',
  ])
})
