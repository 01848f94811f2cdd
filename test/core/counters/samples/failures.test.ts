/** What failed, as samples add up: bounded, and without what names a visitor. */
import { describe, expect, it } from 'vitest'
import {
  addFailure,
  type FailureGroup,
  type FailureSample,
  failedPath,
  mostFrequent,
} from '../../../../src/core/counters/samples/failures.ts'

const AT_MS = Date.parse('2027-01-02T03:04:05.000Z')
const sample = (more: Partial<FailureSample> = {}, seen: Partial<FailureSample['seen']> = {}) => ({
  ...{ flag: 'f', generation: 1, variant: 'on', arm: 'canary' as const, as: 'failed' as const, atMs: AT_MS },
  ...more,
  seen: {
    ...{ statuses: '500', paths: 'GET /a', colos: 'OTP', countries: 'RO', browsers: 'Firefox' },
    ...seen,
  },
})
const groupsOf = (samples: readonly FailureSample[]) => {
  const groups: FailureGroup[] = []
  for (const each of samples) addFailure(groups, each)
  return mostFrequent(groups)
}
const many = (count: number, of: (index: number) => FailureSample) =>
  Array.from({ length: count }, (_, index) => of(index))

describe('a path', () => {
  it.each([
    ['/orders/17', 'GET /orders/:id'],
    ['/orders/ORD-1234/pay', 'GET /orders/:id/pay'],
    ['/users/ada@example.com/cart', 'GET /users/:id/cart'],
    ['/users/ada%40example.com', 'GET /users/:id'],
    ['/s/V1StGXR8_Z', 'GET /s/:id'],
    ['/o/9f1c2d3e-0a1b-4c5d-8e9f-001122334455/x', 'GET /o/:id/x'],
    ['/v2/checkout', 'GET /v2/checkout'],
    ['/', 'GET /'],
  ])('%s is told of as %s', (path, expected) => {
    expect(failedPath('GET', path)).toBe(expected)
  })
})

describe('samples', () => {
  it('add up by variant, arm and kind: errors first, canary before control', () => {
    const groups = groupsOf([
      sample({ arm: 'control', variant: 'off' }),
      sample({ as: 'turned-away' }, { statuses: '404' }),
      sample({ variant: 'blue' }),
      sample({}, { paths: 'GET /b' }),
      sample({}, { paths: 'GET /b' }),
    ])
    expect(groups.map(({ as, arm, variant, sampled }) => `${as} ${arm} ${variant} ${sampled}`)).toEqual([
      'failed canary blue 1',
      'failed canary on 2',
      'failed control off 1',
      'turned-away canary on 1',
    ])
    expect(groups[1]).toMatchObject({
      statuses: [{ value: '500', count: 2 }],
      paths: [{ value: 'GET /b', count: 2 }],
    })
  })

  it('say when the first and the last was seen, in whichever order they arrive', () => {
    const [group] = groupsOf([5, 0, 9, 7].map((seconds) => sample({ atMs: AT_MS + seconds * 1_000 })))
    expect(group).toMatchObject({
      firstSeenAt: '2027-01-02T03:04:05.000Z',
      lastSeenAt: '2027-01-02T03:04:14.000Z',
    })
  })

  it('show the ten most frequent values, and remember forty; the rest is `other`', () => {
    const paths = many(60, (index) => sample({}, { paths: `GET /${index}` }))
    const [group] = groupsOf([...paths, sample({}, { paths: 'GET /39' })])
    expect(group?.sampled).toBe(61)
    expect(group?.paths).toHaveLength(10)
    expect(group?.paths.slice(0, 2)).toEqual([
      { value: 'other', count: 20 },
      { value: 'GET /39', count: 2 },
    ])
  })

  it('keep three request ids: the first and the two newest', () => {
    const ids = many(6, (index) => sample({ requestId: `ray-${index}`, atMs: AT_MS + index }))
    const [group] = groupsOf([sample(), ...ids])
    expect(group?.requests.map(({ id }) => id)).toEqual(['ray-0', 'ray-4', 'ray-5'])
    expect(group?.requests[0]).toEqual({
      ...{ id: 'ray-0', at: '2027-01-02T03:04:05.000Z', status: '500', path: 'GET /a' },
    })
  })

  it('are of at most twelve variants', () => {
    expect(groupsOf(many(20, (index) => sample({ variant: `v${index}` })))).toHaveLength(12)
  })
})
