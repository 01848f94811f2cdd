/**
 * The kill list in KV while visitors keep coming to a running gate, in a form of each kind. What an isolate reads out of
 * every form is shown by test/worker/gate/config/kill-forms.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KILL_FORMS, KILLED_FLAGS, type KillForm, LIFT_FORMS } from '../../../../test-kit/kv/kill-forms.ts'
import { documentOfFlags } from '../../harness/documents.ts'
import { eventually } from '../../harness/eventually.ts'
import { failuresOf, type Load, lastAre, startLoad, visitorHeaders } from '../../harness/load.ts'
import { type Origin, startOrigin } from '../../harness/origin.ts'
import { type Gate, startGate } from '../../harness/running-gate.ts'

let origins: { old: Origin; new: Origin }
let gate: Gate
let load: Load

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  gate = await startGate({
    document: documentOfFlags(
      { old: origins.old.url, new: origins.new.url },
      Object.fromEntries(KILLED_FLAGS.map((key) => [key, { rules: [{ serve: 'on' }] }])),
    ),
  })
  load = startLoad({
    url: gate.url,
    requestsPerSecond: 100,
    request: (n) => ({ path: `/${flagOf(n)}`, headers: visitorHeaders(n % 300) }),
  })
})
afterAll(async () => {
  await load?.stop()
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
})

const WALKED: ReadonlySet<string> = new Set([
  ...['JSON', 'bare star', 'UTF-16 LE with a byte order mark (PowerShell >)', 'comma list', 'JSON of one'],
  ...['nonsense: a word', 'nonsense: bytes that are no text'],
  ...['[]', 'empty'],
])
const walked = (forms: readonly KillForm[]) => forms.filter(({ name }) => WALKED.has(name))
const flagOf = (n: number) => KILLED_FLAGS[n % KILLED_FLAGS.length] ?? ''
const put = (value: KillForm['value']) => gate.kv.put('kill', value)

/** Resolves when the last answers to what was sent from now on are those of a gate with these flags killed. */
function killedAre(flags: readonly string[], what: string) {
  const sinceMs = Date.now()
  return eventually(`${what}: killed are ${flags.join(', ') || 'none'}`, () =>
    lastAre(load, 20, sinceMs, ({ n, origin }) => origin === (flags.includes(flagOf(n)) ? 'old' : 'new')),
  )
}

const refusedKill = async () =>
  (await gate.status()).document.refused.some(({ key, problems }) => key === 'kill' && problems.length > 0)

// All share a gate and its load: each form begins with nothing killed, and leaves it so.
describe('a kill list in KV', { shuffle: false }, () => {
  const kills = walked(KILL_FORMS).filter(({ kills }) => kills !== 'kept')
  it.each(kills)('$name', async ({ name, value, kills: flags }) => {
    await put('[]')
    await killedAre([], 'before')
    await put(value)
    await killedAre(flags as readonly string[], name)
  })

  it.each(walked(KILL_FORMS).filter(({ kills }) => kills === 'kept'))(
    '$name leaves the list in force, and is told',
    async ({ name, value }) => {
      for (const before of [[], [KILLED_FLAGS[0]]]) {
        await put(JSON.stringify(before))
        await killedAre(before, 'before')
        await eventually('nothing is refused any more', async () => !(await refusedKill()))
        await put(value)
        await eventually(`${name} is told`, refusedKill)
        await killedAre(before, name)
      }
    },
  )

  it.each(walked(LIFT_FORMS))('is lifted by $name', async ({ name, value }) => {
    await put('*')
    await killedAre(KILLED_FLAGS, 'before')
    await put(value)
    await killedAre([], name)
  })

  it('cost no visitor a page in all this', async () => {
    expect(failuresOf(await load.stop())).toEqual([])
  })
})
