import { expect, it } from 'vitest'
import { admin, GATE_URL, gate } from '../support/admin.ts'

const VISITORS = 60

/** The document in force, with one rule for the flag that routes everything. */
async function documentWith(rule: object) {
  const { document, version } = await admin.call('getDocument')
  const flags = document.flags as Record<string, object>
  const flag = { ...flags['new-shop'], rules: [{ serve: 'on', ...rule }], guard: undefined }
  return {
    document: { ...document, flags: { ...flags, 'new-shop': flag }, publishing: { confirmAbovePercent: 5 } },
    expectedVersion: version,
  }
}

async function variants(): Promise<string[]> {
  const all = Array.from({ length: VISITORS }, async (_, index) => {
    const context = { request: { headers: { 'x-user-id': `visitor-${index}` } } }
    return (await admin.call('explain', { body: { context } })).flags[0]?.variant ?? ''
  })
  return await Promise.all(all)
}

it('diff tells who would move, publishing asks above the limit, and then just they have moved', async () => {
  // Without requests the impact is unknown, which asks as a large one does.
  await admin.call('publishDocument', {
    body: { ...(await documentWith({ percentage: 10 })), confirm: true },
  })
  const next = await documentWith({ percentage: 60 })
  await expect
    .poll(
      async () => {
        for (let index = 0; index < VISITORS; index++) {
          await gate.fetch(`${GATE_URL}/page/${index}`, { headers: { 'x-user-id': `visitor-${index}` } })
          // Who comes sooner after a visitor that has been sampled is not sampled.
          await scheduler.wait(11)
        }
        return (await admin.call('diffDocument', { body: { document: next.document } })).people.samples
      },
      { timeout: 60_000, interval: 100 },
    )
    .toBe(VISITORS)
  const { people, needsConfirmation } = await admin.call('diffDocument', {
    body: { document: next.document },
  })
  expect(needsConfirmation).toBe(true)
  const before = await variants()
  const refusal = await admin.refusal('publishDocument', { body: next })
  expect(refusal).toMatchObject({ status: 409, title: 'Confirmation Needed', people: { samples: VISITORS } })
  expect(await variants()).toEqual(before)
  await admin.call('publishDocument', { body: { ...next, confirm: true } })
  const after = await variants()
  const moved = after.filter((variant, index) => variant !== before[index]).length
  expect(people.flags.find(({ flag }) => flag === 'new-shop')?.moved).toBe(moved)
}, 120_000)
