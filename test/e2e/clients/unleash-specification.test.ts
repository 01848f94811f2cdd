/** Unleash's own specification, through importer, KV and the running Worker. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importUnleash } from '../../../src/interop/unleash/import.ts'
import { documentIn } from '../../interop/decider.ts'
import {
  specifications,
  type UnleashContext,
  type UnleashVariantResult,
} from '../../interop/unleash/unleash-state.ts'
import { eventually } from '../harness/eventually.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

type Toggle = { name: string; variant: UnleashVariantResult }

/** Tells which specification the gate decides by. */
const MARKER = 'specification-in-force'

let gate: Gate
let answered = 0

beforeAll(async () => {
  const app = { url: 'https://app.example.com' }
  gate = await startGate({ document: { origins: { app }, routes: [{ path: '/*', origin: 'app' }] } })
})
afterAll(() => gate.close())

async function toggles(context: UnleashContext): Promise<Map<string, UnleashVariantResult>> {
  const response = await fetch(`${gate.url}/__sluice/api/frontend`, {
    method: 'POST',
    headers: {
      authorization: 'frontend-key',
      'content-type': 'application/json',
      // The specification knows an address only where the context states one; this one is in none of its lists.
      'cf-connecting-ip': '203.0.113.250',
    },
    body: JSON.stringify({ context }),
  })
  expect(response.status).toBe(200)
  const body = (await response.json()) as { toggles: Toggle[] }
  return new Map(body.toggles.map(({ name, variant }) => [name, variant]))
}

const DISABLED = { name: 'disabled', enabled: false, feature_enabled: false }

describe.each(specifications())('$name', ({ name, state, tests, variantTests }) => {
  beforeAll(async () => {
    const document = documentIn(importUnleash(JSON.stringify(state)))
    const marker = { variants: { on: name, off: '' }, off: 'off', rules: [{ serve: 'on' }] }
    await gate.kv.put('config', { ...document, flags: { ...document.flags, [MARKER]: marker } })
    await eventually(`the gate decides by ${name}`, async () => {
      return (await toggles({})).get(MARKER)?.payload?.value === name
    })
  })

  it.each(tests)('$description', async ({ toggleName, context, expectedResult }) => {
    expect((await toggles(context)).has(toggleName)).toBe(expectedResult)
    answered++
  })

  it.each(variantTests)('$description', async ({ toggleName, context, expectedResult }) => {
    expect((await toggles(context)).get(toggleName) ?? DISABLED).toEqual(expectedResult)
    answered++
  })
})

// All cases have been answered.
afterAll(() => {
  expect(answered).toBe(279)
})
