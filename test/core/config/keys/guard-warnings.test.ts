/** Guards that are valid, and won't do what they seem to. */
import { describe, expect, it } from 'vitest'
import { guardWarnings } from '../../../../src/core/config/parse/guard-warnings.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { parseDurationMs } from '../../../../src/core/config/schema/duration.ts'
import { WARM_UP } from '../../../../src/core/config/schema/guard-tests.ts'
import { resolveGuardSettings } from '../../../../src/core/guard/index.ts'

const STAGES = [{ percentage: 5 }, { percentage: 100 }]

function told(guard: object, rule: object): string[] {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old' } },
    routes: [{ path: '/*', origin: 'old' }],
    metrics: { order: {} },
    flags: { f: { variants: { on: 1, off: 0 }, off: 'off', rules: [{ serve: 'on', ...rule }], guard } },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return guardWarnings(parsed.value).map(({ text }) => text)
}

function warned(guard: object, rule: object = { stages: STAGES }): string[] {
  return told(guard, rule).map((text) => text.split(':')[0] ?? '')
}

describe('a guard on automatic stages', () => {
  it.each<[object]>([
    [{}],
    [{ errors: {} }],
    [{ latency: {} }],
    [{ clientErrors: false }],
    [{ enabled: false, ceilings: {} }],
  ])('that compares is no matter: %j', (guard) => expect(warned(guard)).toEqual([]))
  it.each<[object]>([
    [{ ceilings: { errorRate: 0.2 } }],
    [{ thresholds: { errors: 3 } }],
    [{ traffic: { maxDropPercent: 30 } }],
    [{ errors: false, ceilings: { errorRate: 0.2 } }],
    [{ clientErrors: {} }],
  ])('that compares neither errors nor latency holds: %j', (guard) =>
    expect(warned(guard)).toEqual([
      'its guard compares neither errors nor latency, so no stage advances by itself',
    ]),
  )
  it('that climbs by time says so', () =>
    expect(warned({ ceilings: { errorRate: 0.2 }, advance: 'time' })).toEqual(['its stages advance by time']))
  it('that a person leads on is no matter', () =>
    expect(
      warned({ ceilings: {} }, { stages: [{ percentage: 5, advance: 'manual' }, { percentage: 100 }] }),
    ).toEqual([]))
})

describe('a guard that tests nothing', () => {
  const never = ['its guard tests nothing, so it can never act']
  it.each<[object, string[]]>([
    [{ errors: false, latency: false }, never],
    [{ errors: false }, never],
    [{ latency: false, clientErrors: false, advance: 'time' }, never],
    [{ errors: false, latency: false, enabled: false }, []],
    [
      { errors: false, latency: false, ceilings: { errorRate: 0.2 }, advance: 'time' },
      ['its stages advance by time'],
    ],
    [{}, []],
  ])('%j', (guard, expected) => {
    expect(warned(guard, { stages: [{ percentage: 5 }, { percentage: 100 }] })).toEqual(expected)
  })
})

describe('a guard without a split', () => {
  const weeks =
    'no rule splits its visitors, so its guard compares traffic with the weeks before, not with a control'
  const ofMetrics = (what: string) => weeks.replace('traffic', what)
  const metrics = { order: { maxDropPercent: 30 } }
  const traffic = { maxDropPercent: 30 }
  const never = ['no rule splits its visitors, so its guard can never act']
  it.each<[object, string[]]>([
    [{}, never],
    [{ traffic }, [weeks]],
    [{ traffic, ceilings: { errorRate: 0.2 } }, [weeks]],
    [
      { traffic, errors: {} },
      [weeks, 'no rule splits its visitors, so its guard compares neither errors nor latency'],
    ],
    [{ traffic, enabled: false }, []],
    [{ metrics }, [ofMetrics('metrics per journey')]],
    [{ metrics, traffic }, [ofMetrics('traffic and metrics per journey')]],
    [{ metrics, enabled: false }, []],
    [{ errors: {} }, never],
    [
      { errors: {}, ceilings: { errorRate: 0.2 } },
      ['no rule splits its visitors, so its guard compares nothing'],
    ],
    [{ ceilings: { errorRate: 0.2 } }, []],
  ])('%j', (guard, expected) => {
    expect(warned(guard, {})).toEqual(expected)
    expect(warned(guard, { percentage: 100 })).toEqual(expected)
  })
})

describe('times of a stage that contradict each other', () => {
  const bake = '20s'
  const late = '"warmUp")'
  it.each<[object, object, string[]]>([
    [{ bake, within: '10s' }, {}, ["stage 1 can't be left within 10s: it bakes 20s"]],
    [
      { bake, within: '2m' },
      {},
      [`stage 1 can't be left within 2m: its latency is compared only after 2m (${late}`],
    ],
    [
      { bake, within: '4m' },
      { latency: { warmUp: '5m' } },
      [`stage 1 can't be left within 4m: its latency is compared only after 5m (${late}`],
    ],
    [{ bake, within: '2m' }, { errors: {} }, []],
    [{ bake, within: '3m' }, {}, []],
    [
      { bake, within: '10s' },
      { advance: 'time', errors: {} },
      ['its stages advance by time: nothing shows the canary to be as good as control'],
    ],
    [
      { bake: '1h', maxBake: '10m' },
      {},
      ['stage 1 calls an operator after 10m ("maxBake"), before its bake of 1h is over'],
    ],
    [{ bake: '1h', maxBake: '1h' }, {}, []],
    [{ bake: '1h', maxBake: '10m', within: '10m' }, { enabled: false }, []],
  ])('%j, guard %j', (stage, guard, expected) =>
    expect(told(guard, { stages: [{ percentage: 5, ...stage }, { percentage: 100 }] })).toEqual(expected),
  )
  it('warm up as long as the guard does', () =>
    expect(resolveGuardSettings().latency.warmUpMs).toBe(parseDurationMs(WARM_UP)))
})
