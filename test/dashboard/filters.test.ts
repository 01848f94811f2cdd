import { describe, expect, it } from 'vitest'
import { stateOf } from '../../src/dashboard/state/flag-state.ts'
import { filtered, NO_FILTERS } from '../../src/dashboard/views/home/filters.ts'
import { summary } from './support.ts'

const FLAGS = [
  summary({ key: 'checkout', tags: ['shop'], owner: 'payments', routes: ['/checkout/*'] }),
  summary({ key: 'search', description: 'By relevance', owner: 'search', state: 'rolled-back' }),
  summary({
    key: 'banner',
    tags: ['shop', 'ui'],
    stale: [{ kind: 'ownerless', text: 'has no owner to ask' }],
  }),
]
const keys = (filters: Partial<typeof NO_FILTERS>) =>
  filtered(FLAGS, { ...NO_FILTERS, ...filters }).map(({ key }) => key)

describe('the list of flags', () => {
  it('begins with what needs a person, then keeps the order of the document', () => {
    expect(keys({})).toEqual(['search', 'checkout', 'banner'])
  })

  it.each([
    [{ query: 'CHECKOUT' }, ['checkout']],
    [{ query: 'relevance search' }, ['search']],
    [{ query: '/checkout' }, ['checkout']],
    [{ query: 'nothing' }, []],
    [{ tag: 'shop' }, ['checkout', 'banner']],
    [{ tag: 'shop', query: 'ban' }, ['banner']],
    [{ owner: 'payments' }, ['checkout']],
    [{ state: 'rolled-back' }, ['search']],
    [{ staleOnly: true }, ['banner']],
  ] as const)('filtered by %j', (filters, expected) => {
    expect(keys(filters)).toEqual(expected)
  })
})

describe('the state of a flag', () => {
  it.each([
    ['killed', { state: 'killed', verdict: 'failing' }],
    ['rolled-back', { state: 'rolled-back' }],
    ['failing', { verdict: 'failing' }],
    ['frozen', { frozen: true, paused: true, verdict: 'failing' }],
    ['approval', { needsApproval: true }],
    ['paused', { paused: true }],
    ['climbing', {}],
    ['on', { finished: true }],
    ['partial', { stages: 0, stage: null, percentage: 30 }],
    ['on', { stages: 0, stage: null, percentage: null }],
    ['off', { stages: 0, stage: null, percentage: 0 }],
    ['off', { stages: 0, stage: null, percentage: null, rules: 0 }],
    ['disabled', { state: 'disabled' }],
    ['scheduled', { schedule: { start: '2999-01-01', end: null } }],
    ['off', { schedule: { start: null, end: '2001-01-01' } }],
  ] as const)('is %s, the most pressing that holds', (expected, parts) => {
    expect(stateOf(summary(parts)).name).toBe(expected)
  })
})
