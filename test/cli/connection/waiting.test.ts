/** What is said while something takes long, and how long a kill is waited for. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Call } from '../../../src/cli/base/command.ts'
import { watchConvergence } from '../../../src/cli/connection/convergence.ts'
import { during } from '../../../src/cli/render/progress.ts'
import type { AdminClient } from '../../../src/contract/client.ts'
import type { Responses } from '../../../src/contract/responses.ts'
import { convergence } from '../gate/answers.ts'
import { scriptedGate, visible } from '../gate/scripted-gate.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function terminal(isScreen: boolean) {
  const told: string[] = []
  const stop = new AbortController()
  const err = (text: string) => void told.push(visible(text))
  return {
    told,
    stop,
    terminal: { err, errIsScreen: isScreen, env: {}, stop: stop.signal } as never as Call['terminal'],
  }
}

const later = <T>(ms: number, value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms))

it('says nothing of work that takes less than a second', async () => {
  for (const isScreen of [false, true]) {
    const { told, terminal: screen } = terminal(isScreen)
    const work = during(screen, 'working', later(999, 'done'))
    await vi.advanceTimersByTimeAsync(5_000)
    expect([await work, told]).toEqual(['done', []])
  }
})

it('says once what takes longer, and turns a wheel on a screen', async () => {
  const plain = terminal(false)
  const work = during(plain.terminal, 'working', later(3_000, 'done'))
  await vi.advanceTimersByTimeAsync(5_000)
  expect([await work, plain.told]).toEqual(['done', ['working …\n']])

  const screen = terminal(true)
  const seen = during(screen.terminal, 'working', later(2_550, 'done'))
  await vi.advanceTimersByTimeAsync(1_000)
  // What steers the screen is written by itself: no text may do that.
  expect(screen.told).toEqual(['\r', '<cyan>⠋</> working <dim>1 s</>', '\x1b[K'])
  await vi.advanceTimersByTimeAsync(5_000)
  expect(await seen).toBe('done')
  const frames = screen.told.join('').split('\x1b[K')
  expect(frames).toHaveLength(18)
  expect(frames.slice(9, 12)).toEqual([
    '\r<cyan>⠏</> working <dim>2 s</>',
    '\r<cyan>⠋</> working <dim>2 s</>',
    '\r<cyan>⠙</> working <dim>2 s</>',
  ])
  expect(frames.slice(16)).toEqual(['\r', ''])
  expect(vi.getTimerCount()).toBe(0)
})

it('cleans up after work that fails', async () => {
  const { told, terminal: screen } = terminal(true)
  const work = during(
    screen,
    'working',
    later(1_050, 0).then(() => Promise.reject(new Error('no'))),
  )
  const failure = expect(work).rejects.toThrow('no')
  await vi.advanceTimersByTimeAsync(2_000)
  await failure
  expect([told.slice(-2), vi.getTimerCount()]).toEqual([['\r', '\x1b[K'], 0])
})

const BEHIND = convergence({ converged: false, isolates: { converged: 1, behind: 2, idle: 0 } })
type Answer = Responses['getConvergence'] | Error

/** Watches with these answers, the last again and again; resolves with what came of it. */
async function watched(answers: Answer[], withinMs: number, isJson = false, isScreen = false) {
  const { told, terminal: screen, stop } = terminal(isScreen)
  const queries: unknown[] = []
  const call = async (_: string, query: unknown) => {
    queries.push(query)
    const answer = answers[Math.min(queries.length, answers.length) - 1]
    if (answer instanceof Error) throw answer
    return answer
  }
  let result: unknown = 'still waiting'
  const watching = watchConvergence(
    { terminal: screen, isJson } as Call,
    { call } as never as AdminClient,
    8,
    withinMs,
  )
  void watching.then((last) => {
    result = last
  })
  return { told, queries, stop, result: () => result }
}

it('waits until the change is everywhere, asking five times a second', async () => {
  const { told, queries, result } = await watched([BEHIND, BEHIND, new Error('busy'), convergence()], 60_000)
  await vi.advanceTimersByTimeAsync(599)
  expect([result(), queries.length]).toEqual(['still waiting', 3])
  await vi.advanceTimersByTimeAsync(1)
  expect(result()).toEqual(convergence())
  expect(queries).toEqual(Array(4).fill({ query: { epoch: '8' } }))
  expect(told).toEqual(['  0.1 s  1 of 3 isolates on epoch 8\n', '  0.6 s  Live everywhere after 0.9 s\n'])
})

it('gives up when the time is over, with the last answer', async () => {
  const { told, queries, result } = await watched([BEHIND, new Error('away')], 1_000, false, true)
  await vi.advanceTimersByTimeAsync(999)
  expect(result()).toBe('still waiting')
  await vi.advanceTimersByTimeAsync(1)
  expect([result(), queries.length]).toEqual([BEHIND, 6])
  expect(told).toEqual(['<dim>  0.1 s</>  1 of 3 isolates on epoch 8\n'])
})

it('a gate that never answers gives nothing, and is named once', async () => {
  const { told, result } = await watched([new Error('away')], 400)
  await vi.advanceTimersByTimeAsync(400)
  expect([result(), told]).toEqual([undefined, ['  0.1 s  the gate does not answer\n']])
})

it('with --json it is silent; Ctrl-C ends it', async () => {
  const { told, result, stop } = await watched([BEHIND], 60_000, true)
  await vi.advanceTimersByTimeAsync(300)
  stop.abort()
  await vi.advanceTimersByTimeAsync(200)
  expect([result(), told]).toEqual([BEHIND, []])
})

it('kill --wait ends with 0 only when it is live everywhere; it waits a minute, or as long as --within says', async () => {
  vi.useRealTimers()
  const arrived = await scriptedGate({ getConvergence: [BEHIND, BEHIND, convergence()] })
  const ran = await arrived.run('kill f --wait --json')
  const { convergence: last, waitedMs } = JSON.parse(ran.out)
  expect([ran.code, last]).toEqual([0, convergence()])
  expect(waitedMs).toBeGreaterThanOrEqual(380)
  expect(arrived.asked.filter(({ id }) => id === 'getConvergence')).toHaveLength(3)

  const late = await scriptedGate({ getConvergence: BEHIND })
  const gaveUp = await late.run('kill f --wait --within 0.3')
  expect([gaveUp.code, gaveUp.out.split('\n')[0]]).toEqual([1, '✗ f is killed, but not live everywhere yet'])
  expect(late.asked.length).toBeGreaterThan(2)
  expect(late.asked.length).toBeLessThan(6)
})
