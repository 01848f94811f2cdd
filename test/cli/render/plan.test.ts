/** What `plan` says of flags with and without traffic, and of guards that let nothing pass. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ANSWERS } from '../gate/answers.ts'
import { scriptedGate } from '../gate/scripted-gate.ts'
import { emptyFolder } from '../gate/support.ts'

const flag = (guard?: object) => ({
  variants: { old: 'old', new: 'new' },
  off: 'old',
  rules: [{ serve: 'new', stages: [10, 100].map((percentage) => ({ percentage, bake: '1m' })) }],
  ...(guard && { guard }),
})
const DOCUMENT = {
  origins: { old: { url: 'https://old.test' }, new: { url: 'https://new.test' } },
  routes: [{ path: '/*', origin: 'old' }],
  flags: { busy: flag({}), quiet: flag({}), limits: flag({ ceilings: { errorRate: 0.2 } }), bare: flag() },
}
const arm = {
  ...{ requests: 0, errors: 0, sharedErrors: 0, clientErrors: 0, journeys: 0 },
  ...{ p50Ms: null, p95Ms: null, p99Ms: null },
}
const point = {
  ...{ at: '2026-03-01T10:00:00.000Z', generation: 1, stage: 0, percentage: 50, wealth: 1, judged: null },
  ...{ canary: { ...arm, requests: 5_000 }, control: { ...arm, requests: 5_000 }, other: arm },
}

/** The flags are asked for in the order of the document: `busy` first. */
async function onGate(args: string) {
  const text = JSON.stringify(DOCUMENT)
  const gate = await scriptedGate({
    getDocument: { ...ANSWERS.getDocument, document: DOCUMENT as never, text },
    getSeries: [{ ...ANSWERS.getSeries, points: [point] }, ANSWERS.getSeries],
  })
  return gate.run(args)
}

async function onFile(args: string) {
  const cwd = await emptyFolder()
  await writeFile(join(cwd, 'gate.json'), JSON.stringify(DOCUMENT))
  return (await scriptedGate()).run(`${args} --file gate.json`, { cwd })
}

describe('flags without traffic', () => {
  it('are named beside the plans of the others', async () => {
    const { out, code } = await onGate('plan')
    expect(code).toBe(0)
    expect(out).toMatch(/^busy: 1000 requests\/s/)
    expect(out).toContain('quiet had no traffic in the last hour; say how much there will be with --rps')
    const { plans, withoutTraffic } = JSON.parse((await onGate('plan --json')).out)
    expect(plans.map((each: { flag: string }) => each.flag)).toEqual(['busy'])
    expect(withoutTraffic).toEqual(['quiet', 'limits'])
  })

  it('have no plan if asked for alone', async () => {
    const gate = await scriptedGate({
      getDocument: { ...ANSWERS.getDocument, text: JSON.stringify(DOCUMENT) },
    })
    const { err, code } = await gate.run('plan quiet')
    expect([code, err]).toEqual([1, expect.stringContaining('quiet had no traffic in the last hour')])
  })
})

it('a flag that does not exist is told from one without stages or guard', async () => {
  expect((await onFile('plan quite --rps 5')).err).toContain(
    'The document has no flag quite. Did you mean quiet?',
  )
  expect((await onFile('plan bare --rps 5')).err).toContain('bare has no stages with a guard')
})

it('a guard that can show nothing lets no canary pass, and the plan says what to do', async () => {
  const { out } = await onFile('plan limits --rps 50')
  expect(out).toMatch(/^limits: .* of which fail; never done by itself$/m)
  expect(out.match(/never/g)).toHaveLength(3)
  expect(out).toContain('The guard compares neither errors nor latency, so no stage advances by itself')
  const { plans } = JSON.parse((await onFile('plan limits --rps 50 --json')).out)
  expect(plans[0].stages.map((stage: { passMs: number | null }) => stage.passMs)).toEqual([null, null])
})

it('stages are proposed only where some suit', async () => {
  const quiet = (await onFile('plan quiet --rps 0.001')).out
  expect(quiet).toContain('This is too little traffic for the guard')
  expect(quiet).not.toContain('suit')
  expect((await onFile('plan quiet --rps 5')).out).toContain('stages such as 10/50/100 suit')
})
