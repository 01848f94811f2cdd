/** Kills and states, from whichever side they come, and how they are read. */
import { describe, expect, it } from 'vitest'
import {
  type ControlState,
  compileControl,
  INITIAL_CONTROL_STATE,
  INITIAL_FLAG_CONTROL,
  parseControlState,
} from '../../../src/core/config/control.ts'

const state = (parts: Partial<ControlState>): ControlState => ({ ...INITIAL_CONTROL_STATE, ...parts })

describe('a flag is killed', () => {
  it.each([
    ['KV', state({}), ['f']],
    ['the Controller', state({ killed: ['f'] }), []],
    ['KV as the Controller saw it', state({ kvKilled: ['f'] }), []],
    ['a kill of all in KV', state({}), ['*']],
    ['a kill of all by the Controller', state({ killed: ['*'] }), []],
    ['a kill of all in KV as the Controller saw it', state({ kvKilled: ['*'] }), []],
  ])('by %s alone', (_, control, killList) => {
    const { isKilled } = compileControl(control, killList)
    expect(isKilled('f')).toBe(true)
    expect(isKilled('other')).toBe([...control.killed, ...control.kvKilled, ...killList].includes('*'))
    expect(compileControl(state({}), []).isKilled('f')).toBe(false)
  })
})

describe('control', () => {
  it('knows each flag’s state, and which are rolled back', () => {
    const rolledBack = { generation: 2, stage: 1, rolledBack: { atMs: 1, reason: 'errors' } }
    const control = compileControl(
      state({ epoch: 3, flags: { f: rolledBack, g: { generation: 4, stage: 2 } } }),
      [],
    )
    expect([control.epoch, control.of('f'), control.of('g'), control.of('toString')]).toEqual([
      3,
      rolledBack,
      { generation: 4, stage: 2 },
      INITIAL_FLAG_CONTROL,
    ])
    expect(control.rolledBack).toEqual(['f'])
    expect(INITIAL_FLAG_CONTROL).toEqual({ generation: 1, stage: 0 })
  })

  it('is parsed from KV; what KV lacks is the initial state', () => {
    expect(parseControlState(null)).toEqual({
      ok: true,
      value: { epoch: 0, killed: [], kvKilled: [], flags: {} },
    })
    const flags = { f: { generation: 1, stage: 0 } }
    const older = parseControlState(JSON.stringify({ epoch: 0, killed: ['a'], flags }))
    expect(older).toEqual({ ok: true, value: { epoch: 0, killed: ['a'], kvKilled: [], flags } })
    const refused = [
      '{',
      '[]',
      '{"epoch":-1,"killed":[],"flags":{}}',
      '{"epoch":0.5,"killed":[],"flags":{}}',
      '{"epoch":0,"killed":[],"flags":{"f":{"generation":0,"stage":0}}}',
      '{"epoch":0,"killed":[],"flags":{"f":{"generation":1,"stage":-1}}}',
      '{"epoch":0,"killed":[],"flags":{"f":{"generation":1,"stage":0,"rolledBack":true}}}',
    ]
    expect(refused.map((text) => parseControlState(text).ok)).toEqual(refused.map(() => false))
  })
})
