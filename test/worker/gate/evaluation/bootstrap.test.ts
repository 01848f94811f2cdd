import { describe, expect, it } from 'vitest'
import type { Decision } from '../../../../src/core/decision/decide.ts'
import { bootstrapFor, wantsBootstrap, withBootstrap } from '../../../../src/gate/evaluation/bootstrap.ts'
import type { PageRole } from '../../../../src/gate/request/page-affinity.ts'
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
  ])('%s at %s: %s', (role, path, expected) => {
    const snapshot = snapshotOf(documentWith({ paths: ['/x', '/checkout/*'] }))
    expect(wantsBootstrap(requestTo(`https://shop.test${path}`), role, snapshot)).toBe(expected)
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

const page = { flags: { a: { value: '</script>', variant: 'on', reason: 'STATIC' } }, revision: 'r1' }
const JSON_TEXT =
  '{"flags":{"a":{"value":"\\u003c/script>","variant":"on","reason":"STATIC"}},"revision":"r1"}'
const element = (nonce = '') =>
  `<script type="application/json" id="sluice-flags"${nonce}>${JSON_TEXT}</script>`
const html = (text: string | null, headers: Record<string, string> = {}, status = 200) =>
  new Response(text, { status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers } })

describe('the block', () => {
  it.each([
    [
      '<html><head><title>x</title></head><body></body></html>',
      `<html><head>${element()}<title>x</title></head><body></body></html>`,
    ],
    ['<html><body><p>x</body></html>', `<html><body>${element()}<p>x</body></html>`],
    ['<p>x', `<p>x${element()}`],
    ['<head></head><head></head>', `<head>${element()}</head><head></head>`],
  ])('stands at the beginning, once: %s', async (before, after) => {
    expect(await withBootstrap(html(before), page).text()).toBe(after)
  })

  it.each([
    ["script-src 'nonce-aB3+/_-='", ' nonce="aB3+/_-="'],
    ["script-src 'self'", ''],
  ])('carries the nonce of the policy %s', async (policy, nonce) => {
    expect(await withBootstrap(html('', { 'content-security-policy': policy }), page).text()).toBe(
      element(nonce),
    )
  })

  it('makes the page private, and takes away what is true of its bytes no more', () => {
    const response = withBootstrap(
      html(
        '',
        {
          etag: '"a"',
          'last-modified': 'Mon',
          'content-length': '0',
          'accept-ranges': 'bytes',
          digest: 'x',
          'content-digest': 'x',
          'cache-control': 'public',
          'x-kept': 'y',
          'set-cookie': 'session=1',
        },
        404,
      ),
      page,
      'sluice_id=ada',
    )
    expect(response.status).toBe(404)
    expect([...response.headers.keys()].toSorted()).toEqual([
      'cache-control',
      'content-type',
      'set-cookie',
      'set-cookie',
      'x-kept',
    ])
    expect(response.headers.get('cache-control')).toBe('private, no-cache')
    expect(response.headers.getSetCookie()).toEqual(['session=1', 'sluice_id=ada'])
    expect(withBootstrap(html(''), page).headers.has('set-cookie')).toBe(false)
  })

  it.each([
    ['text/plain', 'x'],
    ['text/htmlx', 'x'],
    ['application/json', 'x'],
  ])('is in no other answer: %s', (type, text) => {
    const response = html(text, { 'content-type': type, etag: '"a"' })
    expect(withBootstrap(response, page, 'sluice_id=ada')).toBe(response)
  })

  it('is in no answer without a body, and in one whatever the case of its type', async () => {
    const empty = html(null)
    expect(withBootstrap(empty, page)).toBe(empty)
    expect(await withBootstrap(html('', { 'content-type': 'Text/HTML' }), page).text()).toBe(element())
  })
})
