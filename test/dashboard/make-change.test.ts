/** A change asks what the gate asks: nothing is confirmed that its user has not seen. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type AdminClient, ApiError } from '../../src/contract/client.ts'
import type { Change } from '../../src/dashboard/actions/change.ts'
import { makeChange } from '../../src/dashboard/actions/make-change.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const PROBLEM = { type: 'about:blank', title: 'Confirmation Needed', status: 409, detail: 'Why' }
const QUESTIONS = ['f: 10 % → 60 % moves up to 50 % of visitors']

/** A gate that refuses what is not confirmed; `bodies` of the calls that change something. */
function gate(problem: object = { ...PROBLEM, questions: QUESTIONS }) {
  const bodies: unknown[] = []
  const answer = async (id: string, { body }: { body?: { confirm?: boolean } } = {}) => {
    if (id === 'getConvergence') return undefined
    bodies.push(body)
    if (!body?.confirm) throw new ApiError(problem as never)
    return { version: 2, epoch: 3, via: 'controller' }
  }
  const command = (_flag: string, _verb: string, body: object) => answer('commandFlag', { body })
  return { client: { call: answer, command } as unknown as AdminClient, bodies }
}

it.each<[string, Partial<Change>, object]>([
  ['percentage', { kind: 'percentage', percentage: 60 }, { percentage: 60 }],
  ['enable', { kind: 'enable' }, {}],
  ['disable', { kind: 'disable' }, {}],
  ['a command', { kind: 'command', verb: 'unkill' }, {}],
])('%s is sent without a word for it, then with the one that was given', async (_, parts, more) => {
  const { client, bodies } = gate()
  const change = { flag: 'f', done: 'done', ...parts } as Change
  const asked = await makeChange(client, change, { reason: ' why ', confirm: false }).catch((error) => error)
  expect(asked.problem.questions).toEqual(QUESTIONS)
  expect(await makeChange(client, change, { reason: '', confirm: true })).toBe(true)
  expect(bodies).toEqual([
    { reason: 'why', confirm: false, ...more },
    { confirm: true, ...more },
  ])
})

it('tells every other refusal itself', async () => {
  const { client } = gate(PROBLEM)
  const change: Change = { flag: 'f', done: 'done', kind: 'enable' }
  expect(await makeChange(client, change, { reason: '', confirm: false })).toBe(false)
})
