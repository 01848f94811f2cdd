/** `sluice stage` and `sluice promote`: stages by number and percentage, the question before a jump, what is said. */
import { describe, expect, it } from 'vitest'
import type { FlagStatusView, Responses } from '../../src/contract/responses.ts'
import { ANSWERS, flagStatus, LADDER, summary } from './gate/answers.ts'
import { type Answers, Refused, scriptedGate } from './gate/scripted-gate.ts'

const auto = LADDER[0]
if (auto === undefined) throw new Error('there is no stage')
const STAGES = [1, 5, 25, 50, 100].map((percentage) => ({ ...auto, percentage }))

/** A gate whose flag stands at a stage (from 0), and moves as it is told. */
async function gateAt(stage: number, more: Partial<FlagStatusView> = {}, answers: Answers = {}) {
  const status = flagStatus({ stage, percentage: STAGES[stage]?.percentage ?? null, ...more })
  const getFlag: Responses['getFlag'] = {
    ...ANSWERS.getFlag,
    summary: summary('f', { stages: STAGES.length, ladder: STAGES, stage }),
    status,
  }
  return await scriptedGate({
    getFlag,
    commandFlag: {
      epoch: 8,
      via: 'controller',
      before: { generation: 1, stage, killed: false },
      after: null,
    },
    ...answers,
  })
}
const sent = (gate: { asked: { method: string; body: unknown }[] }) =>
  gate.asked.filter(({ method }) => method === 'POST').map(({ body }) => body)

describe('stage', () => {
  it.each([
    ['2', 1],
    ['3', 2],
    ['25%', 2],
    ['25 %', 2],
    ['100%', 4],
    ['1', 0],
  ])('%s is the stage with index %i', async (text, index) => {
    const gate = await gateAt(1, { approved: true })
    const ran = await gate.run(['stage', 'f', text, '--yes'])
    expect(ran.code).toBe(0)
    expect(sent(gate)).toEqual([{ stage: index }])
    const { percentage } = STAGES[index] ?? {}
    expect(ran.out).toBe(`✔ f: stage 2 of 5 (5 %) → stage ${index + 1} of 5 (${percentage} %)\n`)
  })

  it('one up or any number down is done without a question, more than one up is not', async () => {
    for (const [text, code] of [
      ['4', 0],
      ['1', 0],
      ['5', 2],
      ['100%', 2],
    ] as const) {
      const gate = await gateAt(2)
      const ran = await gate.run(['stage', 'f', text])
      expect([text, ran.code, sent(gate).length]).toEqual([text, code, code === 0 ? 1 : 0])
      if (code === 2)
        expect(ran.err).toBe(
          'Cannot ask "f: stage 3 of 5 (25 %) → stage 5 of 5 (100 %), past 1 stage that no guard has judged. Continue?" without a terminal. Add --yes to confirm\n',
        )
    }
  })

  it('that the flag is at is no error, and changes nothing', async () => {
    for (const text of ['2', '5%']) {
      const gate = await gateAt(1)
      expect(await gate.run(['stage', 'f', text])).toEqual({
        ...{ code: 0, err: '', out: '✔ f is at stage 2 of 5 (5 %) already\n' },
      })
      expect(sent(gate)).toEqual([])
      const place = { number: 2, percentage: 5 }
      const json = JSON.parse((await gate.run(['stage', 'f', text, '--json'])).out)
      expect(json).toEqual({ changed: false, move: { from: place, to: place } })
    }
    // A finished rollout is at its last stage, but no longer on the way.
    const finished = await gateAt(4, { finished: true })
    expect((await finished.run('stage f 5')).code).toBe(0)
    expect(sent(finished)).toEqual([{ stage: 4 }])
  })

  it('that the flag has reached meanwhile is no error either; every other refusal is', async () => {
    const conflict = new Refused(409, 'Cannot stage f: it is at this stage already')
    const there = await gateAt(0)
    const at = (stage: number) => ({
      ...ANSWERS.getFlag,
      summary: summary('f', { stages: 5, ladder: STAGES }),
      status: flagStatus({ stage }),
    })
    expect(there.url).toBeTruthy()
    const raced = await gateAt(0, {}, { commandFlag: conflict, getFlag: [at(0), at(1)] })
    expect(await raced.run('stage f 2')).toMatchObject({ code: 0, out: expect.stringContaining('already') })
    const refused = await gateAt(
      0,
      {},
      { commandFlag: new Refused(409, 'it is rolled back; resume it first') },
    )
    expect(await refused.run('stage f 2')).toMatchObject({
      code: 1,
      err: 'it is rolled back; resume it first\n',
    })
  })

  it.each([
    ['6', 'f has no stage 6. Its stages: 1 (1 %), 2 (5 %), 3 (25 %), 4 (50 %), 5 (100 %)'],
    [
      '25',
      'f has no stage 25. Did you mean 25%? Its stages: 1 (1 %), 2 (5 %), 3 (25 %), 4 (50 %), 5 (100 %)',
    ],
    ['10%', 'f has no stage of 10 %. Its stages: 1 (1 %), 2 (5 %), 3 (25 %), 4 (50 %), 5 (100 %)'],
    ['0', 'The stage must be its number from 1, or its percentage such as 25%, not 0'],
    ['-1', 'The stage must be its number from 1, or its percentage such as 25%, not -1'],
    ['1.5', 'The stage must be its number from 1, or its percentage such as 25%, not 1.5'],
    ['next', 'The stage must be its number from 1, or its percentage such as 25%, not next'],
  ])('%s is refused, and nothing is sent', async (text, message) => {
    const gate = await gateAt(1)
    const ran = await gate.run(['stage', 'f', text])
    expect([ran.code, ran.out]).toEqual([2, ''])
    expect(ran.err).toContain(message)
    expect(sent(gate)).toEqual([])
  })
})

describe('promote', () => {
  it.each(['promote', 'finish'])(
    '%s takes a rollout to its end, with a question before a jump',
    async (verb) => {
      const jump = await gateAt(1)
      expect((await jump.run([verb, 'f'])).code).toBe(2)
      expect(sent(jump)).toEqual([])
      const ran = await jump.run([verb, 'f', '--yes', '--reason', 'verified'])
      expect(ran.out).toBe('✔ f is finished: stage 2 of 5 (5 %) → stage 5 of 5 (100 %)\n')
      expect(sent(jump)).toEqual([{ reason: 'verified' }])
      expect(jump.asked.at(-1)?.path).toBe('/flags/f/finish')
      const last = await gateAt(4)
      expect((await last.run([verb, 'f'])).code).toBe(0)
    },
  )

  it('asks nothing where the gate refuses anyway', async () => {
    const gate = await gateAt(
      1,
      { rolledBack: { at: '2026-03-01T10:00:00.000Z', reason: 'errors' } },
      { commandFlag: new Refused(409, 'it is rolled back; resume it first') },
    )
    expect(await gate.run('promote f')).toMatchObject({
      code: 1,
      err: 'it is rolled back; resume it first\n',
    })
  })
})

it('what moves a rollout says from where to where; a rollback asks for the stages only afterwards', async () => {
  const after = { generation: 2, stage: 2, killed: false }
  const moves = await gateAt(
    1,
    {},
    {
      commandFlag: { epoch: 8, via: 'controller', before: { generation: 2, stage: 1, killed: false }, after },
    },
  )
  expect((await moves.run('advance f')).out).toBe('✔ f: stage 2 of 5 (5 %) → stage 3 of 5 (25 %)\n')
  expect((await moves.run('resume f')).out).toBe('✔ f is resumed: attempt 2, stage 3 of 5 (25 %)\n')
  moves.asked.length = 0
  expect((await moves.run('rollback f')).out).toBe('✔ f is rolled back: stage 2 of 5 (5 %) → 0 %\n')
  expect(moves.asked.map(({ method }) => method)).toEqual(['POST', 'GET'])
  const mute = await gateAt(1, {}, { getFlag: new Refused(503, 'no Controller') })
  expect((await mute.run('rollback f')).out).toBe('✔ f is rolled back\n')
})

describe('opening a flag says from where to where', () => {
  const resumed = async (
    before: object,
    after: object,
    told: Partial<Responses['getFlag']['summary']> = {},
    status: object = {},
  ) => {
    const [was, is] = [before, after].map((more) => ({ generation: 2, stage: 0, killed: false, ...more }))
    const getFlag = {
      ...ANSWERS.getFlag,
      summary: { ...summary('f', status), state: 'open' as const, ...told },
    }
    const commandFlag = { epoch: 8, via: 'controller', before: was, after: is } as Responses['commandFlag']
    return (await (await scriptedGate({ getFlag, commandFlag })).run('resume f')).out
  }
  const rolledBack = { atMs: 0, reason: 'worse' }

  it.each<[string, object, object, object]>([
    ['stage 1 of 5 (1 %), 0 % → 1 %', { rolledBack }, { percentage: 1 }, { stages: 5, ladder: STAGES }],
    ['0 % → 99 %', { rolledBack }, { percentage: 100, most: 99 }, {}],
    ['0 % → 100 %', { rolledBack }, {}, { percentage: null }],
    ['0 % → 40 %', { rolledBack }, {}, { percentage: 40 }],
    ['0 % as long as it is closed otherwise', { rolledBack }, { killed: true }, {}],
    ['0 % as long as it is closed otherwise', { rolledBack }, {}, { state: 'disabled' }],
  ])('resume: %s', async (text, before, after, told) => {
    expect(await resumed(before, after, { ladder: [], stages: 0, ...told })).toBe(
      `✔ f is resumed: attempt 2, ${text}\n`,
    )
  })

  it('but not where no one moves, or an isolate has not heard of it yet', async () => {
    const none = { ladder: [], stages: 0 }
    const plain = '✔ f is resumed: attempt 2\n'
    expect(await resumed({ paused: rolledBack }, { percentage: 5 }, none)).toBe(plain)
    expect(await resumed({ rolledBack, killed: true }, { percentage: 5 }, none)).toBe(plain)
    expect(await resumed({ rolledBack }, {}, { ...none, state: 'rolled-back' })).toBe(plain)
  })

  it.each<[string, object]>([
    ['enabled f (0 % → 60 %)', { state: 'disabled', percentage: 60 }],
    ['enabled f (0 % → 100 %)', { state: 'disabled', percentage: null }],
    ['enabled f', { state: 'disabled', rules: 0 }],
    ['enabled f', { state: 'killed' }],
  ])('enable: %s', async (text, told) => {
    const getFlag = { ...ANSWERS.getFlag, summary: { ...summary('f', {}), ...told } }
    const ran = await (await scriptedGate({ getFlag })).run('enable f')
    expect(ran.out).toMatch(new RegExp(`^✔ ${text.replaceAll(/[()]/g, '\\$&')}: version`))
  })
})
