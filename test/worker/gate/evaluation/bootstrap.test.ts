import { describe, expect, it } from 'vitest'
import type { Decision } from '../../../../src/core/decision/decide.ts'
import { bootstrapFor, wantsBootstrap } from '../../../../src/gate/evaluation/bootstrap.ts'
import type { PageRole } from '../../../../src/gate/pages/page-affinity.ts'
import { requestTo, SHOP, snapshotOf } from '../support/stage.ts'

const variants = { on: 1, off: 0 }
const documentWith = (bootstrap?: object) => ({
  ...SHOP,
  flags: {
    ...SHOP.flags,
    numbers: { variants, off: 'off' },
    secret: { variants, off: 'off', private: true },
  },
  ...(bootstrap && { bootstrap }),
})

describe('a page brings its flags along', () => {
  it.each<[PageRole, string, boolean]>([
    ['page', '/checkout/a', true],
    ['submission', '/checkout/a', true],
    ['frame', '/checkout/a', false],
    ['part', '/checkout/a', false],
    ['foreign', '/checkout/a', false],
    ['page', '/about', false],
    ['page', '/checkout/terms.pdf', false],
    ['page', '/checkout/terms.html', true],
  ])('%s at %s: %s', (role, path, expected) => {
    const snapshot = snapshotOf(documentWith({ paths: ['/x', '/checkout/*'] }))
    expect(wantsBootstrap(requestTo(`https://shop.test${path}`), role, snapshot)).toBe(expected)
  })

  it('HEAD gets the headers that GET would get', () => {
    const snapshot = snapshotOf(documentWith({}))
    const head = (accept: string) =>
      wantsBootstrap(
        requestTo('https://shop.test/', { method: 'HEAD', headers: { accept } }),
        'part',
        snapshot,
      )
    expect([head('text/html,*/*'), head('*/*')]).toEqual([true, false])
  })

  it('only where the document says so', () => {
    expect(wantsBootstrap(requestTo('https://shop.test/checkout/'), 'page', snapshotOf(documentWith()))).toBe(
      false,
    )
  })
})

const decisionOf = (flag: string, variant: string, value: unknown = variant): Decision =>
  ({ flag, variant, value, reason: 'SPLIT' }) as Decision
const decide = ({ key }: { key: string }) => decisionOf(key, 'on')

describe('the flags of a page', () => {
  it('are all that are not private', () => {
    const { flags, rescued, revision } = bootstrapFor(
      snapshotOf(documentWith({ paths: ['/*'] })),
      decide,
      undefined,
      'r1',
    )
    expect(Object.keys(flags)).toEqual(['checkout', 'half', 'elsewhere', 'numbers'])
    expect(flags.half).toEqual({ value: 'on', variant: 'on', reason: 'SPLIT' })
    expect([rescued, revision]).toEqual([flags, 'r1'])
  })

  it('are those that the document lists', () => {
    const snapshot = snapshotOf(documentWith({ paths: ['/*'], flags: ['half', 'numbers'] }))
    expect(Object.keys(bootstrapFor(snapshot, decide, undefined, '').flags)).toEqual(['half', 'numbers'])
  })

  it('hold what routed the page, and what it is where the fallback answers', () => {
    const snapshot = snapshotOf(documentWith({ paths: ['/*'] }))
    const { flags, rescued } = bootstrapFor(snapshot, decide, decisionOf('numbers', 'kept', 7), '')
    expect(flags.numbers).toEqual({ value: 7, variant: 'kept', reason: 'SPLIT' })
    expect(rescued).toEqual({ ...flags, numbers: { value: 0, variant: 'off', reason: 'RESCUED' } })
  })

  it('hold no private flag that routed the page', () => {
    const { flags, rescued } = bootstrapFor(
      snapshotOf(documentWith({ paths: ['/*'] })),
      decide,
      decisionOf('secret', 'on'),
      '',
    )
    expect(rescued).toEqual(flags)
    expect('secret' in flags).toBe(false)
  })
})
