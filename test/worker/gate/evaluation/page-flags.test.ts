import { describe, expect, it } from 'vitest'
import { withPageFlags } from '../../../../src/gate/evaluation/page-flags.ts'

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
    ['<html><body><p>x</body></html>', `<html>${element()}<body><p>x</body></html>`],
    ['<p>x', `${element()}<p>x`],
    ['{"a":1}', '{"a":1}'],
    ['', ''],
    ['<head></head><head></head>', `<head>${element()}</head><head></head>`],
  ])('stands at the beginning, once: %s', async (before, after) => {
    expect(await withPageFlags(html(before), page).text()).toBe(after)
  })

  it.each([
    ["script-src 'nonce-aB3+/_-='", ' nonce="aB3+/_-="'],
    ["script-src 'self'", ''],
  ])('carries the nonce of the policy %s', async (policy, nonce) => {
    expect(await withPageFlags(html('<p>', { 'content-security-policy': policy }), page).text()).toBe(
      `${element(nonce)}<p>`,
    )
  })

  it('makes the page private, and takes away what is true of its bytes no more', () => {
    const response = withPageFlags(
      html(
        '',
        {
          etag: '"a"',
          'last-modified': 'Mon',
          'content-length': '0',
          'accept-ranges': 'bytes',
          digest: 'x',
          'content-digest': 'x',
          'repr-digest': 'x',
          'content-md5': 'x',
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
    expect(withPageFlags(html(''), page).headers.has('set-cookie')).toBe(false)
  })

  it.each([
    ['text/plain', 'x'],
    ['text/htmlx', 'x'],
    ['application/json', 'x'],
    ['application/xhtml+xml', '<html><head>'],
  ])('is in no other answer: %s', (type, text) => {
    const response = html(text, { 'content-type': type, etag: '"a"' })
    expect(withPageFlags(response, page, 'sluice_id=ada')).toBe(response)
  })

  it.each<[string, Record<string, string>, number]>([
    ['a part', {}, 206],
    ['a redirect', {}, 302],
    ['a compressed page', { 'content-encoding': 'zstd' }, 200],
    ['a page compressed twice', { 'content-encoding': 'gzip, br' }, 200],
    ['a download', { 'content-disposition': 'Attachment; filename=x' }, 200],
  ])('is not in %s', (_, headers, status) => {
    const response = html('<html><head>', { etag: '"a"', ...headers }, status)
    expect(withPageFlags(response, page, 'sluice_id=ada')).toBe(response)
  })

  it.each<[Record<string, string>, number]>([
    [{ 'content-type': 'Text/HTML' }, 201],
    [{ 'content-type': ' text/html ;charset=x' }, 599],
    [{ 'content-encoding': 'Identity' }, 400],
    [{ 'content-disposition': 'inline' }, 299],
  ])('is in a page with %j and status %i', async (headers, status) => {
    expect(await withPageFlags(html('<p>', headers, status), page).text()).toBe(`${element()}<p>`)
  })

  it('changes the headers of a page without a body, as HEAD has it, the same way', () => {
    const response = withPageFlags(html(null, { etag: '"a"', 'content-length': '9' }), page)
    expect([...response.headers.keys()].toSorted()).toEqual(['cache-control', 'content-type'])
    expect(response.body).toBeNull()
  })

  it('leaves a page that nothing may store so', () => {
    const response = withPageFlags(html('<p>', { 'cache-control': 'no-store' }), page)
    expect(response.headers.get('cache-control')).toBe('private, no-cache, no-store')
  })

  it('reads the same in every charset', async () => {
    const flags = { a: { value: 'é\u2028\u{1f600}\u007f', variant: 'ö', reason: 'STATIC' } }
    const text = await withPageFlags(html('<p>'), { flags, revision: 'r' }).text()
    expect(text).toMatch(/^[ -~]+$/)
    const [, json = ''] = />([^<]+)</.exec(text) ?? []
    expect(JSON.parse(json)).toEqual({ flags, revision: 'r' })
  })

  it('passes a page on that breaks off, as far as it came, broken', async () => {
    for (const first of ['<html><head><title>', '<html><he', 'text']) {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(first)),
        pull: (controller) => controller.error(new Error('reset')),
      })
      const response = new Response(body, { headers: { 'content-type': 'text/html' } })
      await expect(withPageFlags(response, page).text()).rejects.toThrow()
    }
  })

  it('ends its origin when the visitor leaves', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(`<p>${'x'.repeat(100)}`)),
      cancel: () => resolve('cancelled'),
    })
    const response = new Response(body, { headers: { 'content-type': 'text/html' } })
    const reader = withPageFlags(response, page).body?.getReader()
    await reader?.read()
    await reader?.cancel()
    expect(await promise).toBe('cancelled')
  })
})
