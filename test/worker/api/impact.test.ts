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
  // Whom each rule is about, by the same sample: what was not recorded is not known.
  const conditions = [
    [{ attribute: 'country', op: 'exists' }],
    [{ attribute: 'country', op: 'exists', negate: true }],
    [{ attribute: 'header.x-plan', op: 'in', values: ['pro'] }],
    [
      { attribute: 'header.x-plan', op: 'in', values: ['pro'] },
      { attribute: 'country', op: 'exists' },
    ],
  ]
  const asked = structuredClone(next.document) as { flags: Record<string, object> }
  asked.flags['new-shop'] = {
    ...asked.flags['new-shop'],
    rules: conditions.map((when) => ({ when, serve: 'on' })),
  }
  const review = (flag?: string) =>
    admin.call('diffDocument', { body: { document: asked, ...(flag !== undefined && { flag }) } })
  expect((await review('new-shop')).audience).toEqual([
    { rule: 0, samples: VISITORS, matched: 0, unknown: 0 },
    { rule: 1, samples: VISITORS, matched: VISITORS, unknown: 0 },
    { rule: 2, samples: 0, matched: 0, unknown: VISITORS },
    { rule: 3, samples: VISITORS, matched: 0, unknown: 0 },
  ])
  // What recent visitors have is told with it, and only then.
  expect((await review('new-shop')).examples).toMatchObject({ bot: ['false'], country: [] })
  expect((await review()).examples).toEqual({})
  expect((await review()).audience).toEqual([])
  expect((await review('nowhere')).audience).toEqual([])
  const before = await variants()
  const refusal = await admin.refusal('publishDocument', { body: next })
  expect(refusal).toMatchObject({ status: 409, title: 'Confirmation Needed', people: { samples: VISITORS } })
  expect(await variants()).toEqual(before)
  await admin.call('publishDocument', { body: { ...next, confirm: true } })
  const after = await variants()
  const moved = after.filter((variant, index) => variant !== before[index]).length
  expect(people.flags.find(({ flag }) => flag === 'new-shop')?.moved).toBe(moved)
}, 120_000)
