import { describe, expect, it } from 'vitest'
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
  it('starts with what needs attention, then keeps the order of the document', () => {
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
