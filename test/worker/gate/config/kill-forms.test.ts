/** The kill list in every form in which it is delivered, as an isolate reads it from KV. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveConfig } from '../../../../src/gate/config/live-config.ts'
import { KILL_FORMS, KILLED_FLAGS, type KillForm, LIFT_FORMS } from '../../../../test-kit/kv/kill-forms.ts'
import { environment, NOW_MS } from '../support/stage.ts'

const OFF = { variants: { on: true, off: false }, off: 'off' }
const DOCUMENT = {
  origins: { only: { url: 'http://only.test' } },
  routes: [{ path: '/*', origin: 'only' }],
  flags: Object.fromEntries(KILLED_FLAGS.map((key) => [key, OFF])),
}

/** An isolate; `reads` gives the flags that it takes for killed once the list in KV is this. */
function isolate() {
  const live = new LiveConfig(DOCUMENT)
  let nowMs = NOW_MS
  const reads = async (value: KillForm['value']) => {
    await environment.GATE.put('kill', value)
    nowMs += 60_000
    await live.refreshNow(environment, nowMs)
    return KILLED_FLAGS.filter((key) => live.last.control.isKilled(key))
  }
  const problems = () => live.report.refused.find(({ key }) => key === 'kill')?.problems ?? []
  return { reads, problems }
}

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})

describe('a kill list in KV', () => {
  it.each(KILL_FORMS.filter(({ kills }) => kills !== 'kept'))('$name', async ({ value, kills }) => {
    const { reads, problems } = isolate()
    expect(await reads('[]')).toEqual([])
    expect(await reads(value)).toEqual(kills)
    expect(await reads('[]')).toEqual([])
    expect(problems()).toEqual([])
  })

  it.each(KILL_FORMS.filter(({ kills }) => kills === 'kept'))(
    '$name leaves the list in force, and is told',
    async ({ value }) => {
      for (const before of [[], [KILLED_FLAGS[0]]]) {
        const { reads, problems } = isolate()
        expect(await reads(JSON.stringify(before))).toEqual(before)
        expect(await reads(value)).toEqual(before)
        expect(problems().length).toBeGreaterThan(0)
        expect(await reads('*')).toEqual(KILLED_FLAGS)
        expect(problems()).toEqual([])
      }
    },
  )

  it.each(LIFT_FORMS)('is lifted by $name', async ({ value }) => {
    const { reads, problems } = isolate()
    expect(await reads('*')).toEqual(KILLED_FLAGS)
    expect(await reads(value)).toEqual([])
    expect(problems()).toEqual([])
  })
})
