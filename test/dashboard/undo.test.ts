/** When an undo still takes back what its change has made. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AdminClient } from '../../src/contract/client.ts'
import type { Change } from '../../src/dashboard/actions/change.ts'
import { isStillSo, type Made, watchUndo, watchVersion } from '../../src/dashboard/actions/undo.ts'
import { live, type Status } from '../../src/dashboard/state/live.ts'

type Flag = Partial<Status['flags'][string]>
const occasion = { at: '', reason: '' }
const holds = (change: Partial<Change>, flag: Flag | undefined, kills: string[] = []) => {
  const open = { state: 'open', stage: 1, percentage: 25, paused: null, frozen: null, ...flag }
  const status = { flags: flag && { f: open }, kill: { controller: kills, kv: [] } }
  return isStillSo(
    { flag: 'f', done: '', ...change } as Change,
    { ...status, flags: status.flags ?? {} } as unknown as Status,
  )
}
const command = (verb: string, more: object = {}) => ({ kind: 'command', verb, ...more }) as Partial<Change>

describe('an undo', () => {
  it.each<[string, Partial<Change>, Flag, Flag]>([
    ['of a kill', command('kill'), { state: 'killed' }, {}],
    ['of a lifted kill', command('unkill'), {}, { state: 'killed' }],
    ['of a pause', command('pause'), { paused: occasion }, {}],
    [
      'of a pause, rolled back since',
      command('pause'),
      { paused: occasion },
      { state: 'rolled-back', paused: occasion },
    ],
    ['of a stage, advanced since', command('stage', { stage: 1 }), {}, { stage: 2 }],
    ['of a stage, rolled back since', command('stage', { stage: 1 }), {}, { state: 'rolled-back' }],
    ['of a stage, frozen since', command('stage', { stage: 1 }), {}, { frozen: occasion }],
    ['of a resume, paused since', command('resume'), {}, { paused: occasion }],
    ['of a resume, frozen since', command('resume'), {}, { frozen: occasion }],
    ['of a resume, killed since', command('resume'), {}, { state: 'killed' }],
    ['of enabling', { kind: 'enable' }, {}, { state: 'disabled' }],
    ['of disabling', { kind: 'disable' }, { state: 'disabled' }, {}],
    ['of a percentage', { kind: 'percentage', percentage: 25 }, {}, { percentage: 30 }],
  ])('%s goes once that is not so', (_, change, made, later) => {
    expect(holds(change, made)).toBe(true)
    expect(holds(change, later)).toBe(false)
  })

  it('of the kill of all flags goes once that is lifted', () => {
    const kill = { ...command('kill'), flag: 'all' }
    expect([holds(kill, {}, ['*']), holds(kill, {}, ['f'])]).toEqual([true, false])
    const lift = { ...command('unkill'), flag: 'all' }
    expect([holds(lift, {}, ['*']), holds(lift, {}, ['f'])]).toEqual([false, true])
  })

  it('goes with its flag', () => {
    expect(holds(command('unkill'), undefined)).toBe(false)
  })
})

describe('watching', () => {
  afterEach(() => {
    vi.useRealTimers()
    live.set({ status: undefined, by: 'starting', heardAtMs: 0 })
  })

  const hear = async (epoch: number, version: number) => {
    live.set({ status: { epoch, document: { version } } as Status, by: 'stream', heardAtMs: epoch + version })
    await Promise.resolve()
    await Promise.resolve()
  }
  /** The state of the flag, as the gate tells it; and what has been asked and dropped. */
  const watched = (made: Made) => {
    const seen = { state: 'killed', calls: 0, drops: 0 }
    const call = async () => {
      seen.calls++
      return { flags: { f: { state: seen.state } }, kill: { controller: [], kv: [] } }
    }
    vi.useFakeTimers()
    const kill = { kind: 'command', verb: 'kill', flag: 'f', done: '' } as const
    watchUndo({ call } as unknown as AdminClient, kill, made, () => seen.drops++)
    return seen
  }

  it('looks once for each state since the change, and at none before it', async () => {
    const seen = watched({ epoch: 7 })
    seen.state = 'open'
    await hear(6, 1)
    expect(seen).toMatchObject({ calls: 0, drops: 0 })
    seen.state = 'killed'
    await hear(7, 1)
    await hear(7, 1)
    await hear(8, 1)
    expect(seen).toMatchObject({ calls: 2, drops: 0 })
    seen.state = 'open'
    await hear(8, 2)
    expect(seen).toMatchObject({ calls: 3, drops: 1 })
  })

  it('of a document begins with its version, and ends after a minute', async () => {
    const seen = watched({ version: 3 })
    seen.state = 'open'
    await hear(9, 2)
    expect(seen.drops).toBe(0)
    await hear(9, 3)
    expect(seen.drops).toBe(1)
    vi.advanceTimersByTime(60_000)
    await hear(9, 4)
    expect(seen.calls).toBe(1)
  })

  it('a version drops once a later one is in force', async () => {
    vi.useFakeTimers()
    let drops = 0
    watchVersion(3, () => drops++)
    await hear(1, 3)
    expect(drops).toBe(0)
    await hear(1, 4)
    expect(drops).toBe(1)
  })
})
