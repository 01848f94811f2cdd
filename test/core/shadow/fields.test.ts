/** Answers read into fields, and what differs between two of them. */
import { describe, expect, it } from 'vitest'
import type { ReadingRules, ShadowAnswer } from '../../../src/core/shadow/answer.ts'
import { isOfOneBuild } from '../../../src/core/shadow/build-names.ts'
import { ABSENT, compareAnswers, differences } from '../../../src/core/shadow/compare.ts'
import { readAnswer } from '../../../src/core/shadow/read-answer.ts'
import { redacted } from '../../../src/core/shadow/redact.ts'
import { routeTemplate } from '../../../src/core/shadow/route-template.ts'

const RULES: ReadingRules = { hosts: ['shop.test', 'old.internal:8080'] }

function answer(type: string, text: string, headers: [string, string][] = [], status = 200): ShadowAnswer {
  return { status, headers: [['content-type', type], ...headers], body: { kind: 'text', text } }
}
const json = (value: unknown, rules = RULES) =>
  readAnswer(answer('application/json; charset=utf-8', JSON.stringify(value)), rules)
const html = (text: string) => readAnswer(answer('text/html', text), RULES)
const names = (one: ReturnType<typeof html>, two: ReturnType<typeof html>) =>
  differences(one, two).map(({ field }) => field)

describe('JSON', () => {
  it.each([
    ['a value', { price: 5 }, { price: 6 }, ['$.price']],
    ['a type', { price: 5 }, { price: '5' }, ['$.price']],
    ['a renamed field', { name: 'tea' }, { title: 'tea' }, ['$.name', '$.title']],
    ['null for a list', { items: [] }, { items: null }, ['$.items length', '$.items']],
    ['an empty object', { a: {} }, { a: null }, ['$.a']],
    ['an item more', [1, 2], [1, 2, 3], ['$ length', '$ order', '$[]']],
    ['another order', [1, 2, 3], [3, 1, 2], ['$ order']],
    ['a value deep inside', { a: [{ b: [{ c: 1 }] }] }, { a: [{ b: [{ c: 2 }] }] }, ['$.a[].b[].c']],
    ['the order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, []],
    ['keys that objects have anyway', { constructor: 1 }, { constructor: 2 }, ['$.constructor']],
  ])('%s', (_, one, two, fields) => {
    expect(names(json(one), json(two))).toEqual(fields)
  })

  it('matches the items of an array by a declared key', () => {
    const rules = { ...RULES, keys: { '$.items': 'id' } }
    const items = (one: number, two: number) => ({
      items: [
        { id: 1, n: one },
        { id: 2, n: two },
      ],
    })
    // Without the key two values that change places look alike.
    expect(names(json(items(5, 6)), json(items(6, 5)))).toEqual(['$.items order'])
    expect(names(json(items(5, 6), rules), json(items(6, 5), rules))).toEqual(['$.items[].n'])
  })

  it('that is none differs from one that is', () => {
    const broken = readAnswer(answer('application/json; charset=utf-8', '<html>'), RULES)
    expect(names(json({ a: 1 }), broken)).toEqual(['$.a', 'body'])
  })

  it('of any size and depth stays within bounds', () => {
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`key${n}`, n]))
    expect(json(wide).size).toBe(64)
    expect(names(json(wide), json({ ...wide, key499: 0 }))).toEqual(['(other fields)'])
    const deep = JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`)
    expect(json(deep).size).toBeLessThan(64)
    expect(names(json(Array(5_000).fill('x')), json([...Array(4_999).fill('x'), 'y']))).toContain('$[]')
  })
})

describe('HTML', () => {
  const page = (main: string, head = '') =>
    `<!doctype html><html><head><title>Shop</title>${head}</head><body><main>${main}</main></body></html>`

  it.each([
    ['a text in a block', '<td>5 EUR</td>', '<td>5</td>', ['html text main td']],
    ['a link', '<a href="/cart">x</a>', '<a href="/basket">x</a>', ['html links']],
    ['a link on a host of the site', '<a href="/c">x</a>', '<a href="https://shop.test/c">x</a>', []],
    ['a link elsewhere', '<a href="/c">x</a>', '<a href="https://evil.test/c">x</a>', ['html links']],
    [
      'a form',
      '<form method=post action=/a><input name=q></form>',
      '<form action=/a><input name=q></form>',
      ['html forms'],
    ],
    [
      'a field of a form',
      '<form><input name="q"></form>',
      '<form><input name="q"><input name="r"></form>',
      ['html forms', 'html tags', 'html structure'],
    ],
    ['white space', '<p>a b</p>', '<p>\n  a\n  b </p>', []],
    ['a comment', '<p>a</p>', '<!-- x <p>y</p> --><p>a</p>', []],
    [
      'text that looks like a tag in a script',
      '<script>a</script>',
      '<script>"<p>"</script>',
      ['html inline script'],
    ],
  ])('%s', (_, one, two, fields) => {
    expect(names(html(page(one)), html(page(two))).sort()).toEqual([...fields].sort())
  })

  it('JSON inside a page is read by its structure', () => {
    const state = (price: number) =>
      page('', `<script type="application/json" id="state">{"price":${price}}</script>`)
    expect(names(html(state(5)), html(state(6)))).toEqual(['html json state $.price'])
  })

  it('takes what has no end for text: a tag, a comment, a section of data', () => {
    const cut = (tail: string) => names(html('<p>a</p>'), html(`<p>a</p>${tail}`))
    expect([cut('<a href="/cart"'), cut('<!-- b'), cut('<![CDATA[ b')]).toEqual(
      Array(3).fill(['html text text']),
    )
    // Twenty of them; behind the next there is no page.
    const tagsAfter = (count: number) => html(`${'<!--'.repeat(count)}<p>z</p>`).get('html tags')
    expect([tagsAfter(20), tagsAfter(21)]).toEqual([['p × 1'], undefined])
  })

  it('never ends in an endless loop or an error, whatever the page is', () => {
    for (const text of [
      '<',
      '<<<a',
      '<a href="',
      '<script>',
      '</p></p>',
      '<!--',
      '<p <p <p>',
      '<title>x',
      '\0<\0>',
    ])
      expect(html(text).get('status')).toEqual(['200'])
  })
})

describe('headers', () => {
  it.each<[string, [string, string][], [string, string][], string[]]>([
    ['a missing one', [['x-frame-options', 'DENY']], [], ['header x-frame-options']],
    [
      'one that says nothing of the app',
      [
        ['date', 'a'],
        ['etag', '"1"'],
        ['x-request-id', 'a'],
      ],
      [],
      [],
    ],
    [
      'nonces',
      [['content-security-policy', "script-src 'nonce-a1'"]],
      [['content-security-policy', "script-src 'nonce-b2'"]],
      [],
    ],
    [
      "a cookie's value and time",
      [['set-cookie', 'sid=1; Path=/; Expires=Mon']],
      [['set-cookie', 'sid=2; Path=/; Expires=Tue']],
      [],
    ],
    ["a cookie's attribute", [['set-cookie', 'sid=1; HttpOnly']], [['set-cookie', 'sid=1']], ['cookie sid']],
    [
      'a redirect to the site by another name',
      [['location', '/a?b=1']],
      [['location', 'http://old.internal:8080/a?b=1']],
      [],
    ],
    [
      'a redirect elsewhere',
      [['location', '/a']],
      [['location', 'https://evil.test/a']],
      ['redirect target'],
    ],
  ])('%s', (_, one, two, fields) => {
    const read = (headers: [string, string][]) => readAnswer(answer('text/plain', 'x', headers), RULES)
    expect(names(read(one), read(two))).toEqual(fields)
  })

  it('another status, and another kind of content, are one difference each', () => {
    const fine = json({ a: 1 })
    expect(differences(fine, readAnswer(answer('text/html', 'oops', [], 500), RULES))).toEqual([
      { field: 'status', control: '200', canary: '500' },
    ])
    expect(names(fine, readAnswer(answer('text/plain', '{"a": 1}'), RULES))).toEqual(['header content-type'])
    expect(names(fine, readAnswer({ failure: 'timeout' }, RULES))).toEqual(['status'])
  })
})

describe('a comparison', () => {
  it('tells apart what the canary alone, control alone and both change', () => {
    const of = (at: number, id: number, price: number) => json({ at, id, price })
    const answers = { first: of(1, 1, 5), canary: of(2, 1, 6), again: of(3, 2, 5) }
    expect(compareAnswers('GET /', answers)).toEqual({
      route: 'GET /',
      canaryOnly: ['$.price'],
      controlOnly: ['$.id'],
      both: ['$.at'],
    })
    const ignored = new Set(['$.at', 'GET / $.price', 'GET /other $.id'])
    expect(compareAnswers('GET /', answers, ignored)).toMatchObject({
      canaryOnly: [],
      controlOnly: ['$.id'],
      both: [],
    })
  })

  it('shows the first value that only one side has', () => {
    expect(differences(json([1, 2, 2]), json([1, 2, 3])).at(-1)).toEqual({
      field: '$[]',
      control: '2',
      canary: '3',
    })
    expect(differences(json({ a: 1 }), json({ b: 1 }))).toEqual([
      { field: '$.a', control: '1', canary: ABSENT },
      { field: '$.b', control: ABSENT, canary: '1' },
    ])
  })
})

describe('what people look at', () => {
  it.each([
    ['ada@example.com', '‹e-mail›'],
    ['write to a.b+c@mail.example.co.uk now', 'write to ‹e-mail› now'],
    ['4111 1111 1111 1111', '9999 9999 9999 9999'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP', '‹token›'],
    ['3f2b8c1d-0000-4000-8000-000000000000', '‹token›'],
    ['sk_live_51H8abcdefgh', '‹token›'],
    ['/products/tea', '/products/tea'],
    ['"USD"', '"USD"'],
    ['19.99', '99.99'],
  ])('%s is shown as %s', (text, shown) => expect(redacted(text)).toBe(shown))

  it('is short', () => expect(redacted('word '.repeat(100)).length).toBe(60))

  it.each([
    ['/products/17', 'GET /products/:id'],
    ['/products/tea', 'GET /products/tea'],
    ['/o/3f2b8c1d-0000-4000-8000-000000000000/x', 'GET /o/:id/x'],
    ['/c/5f8d0d55b54764421b7156c1', 'GET /c/:id'],
    ['/', 'GET /'],
    ['/a/b/c/d/e/f/g/h/i/j', 'GET /a/b/c/d/e/f/g/h/…'],
  ])('%s belongs to %s', (path, route) => expect(routeTemplate('GET', path)).toBe(route))
})

describe('what only one build has', () => {
  const page = (body: string) => html(`<html><head></head><body>${body}</body></html>`)

  it.each([
    [
      'Vite',
      '<script src="/assets/root-7HGoctw6.js"></script>',
      '<script src="/assets/root-CM_L7ZM_.js"></script>',
    ],
    ['Vite, letters alone', '<link href="/assets/a-orLtQJwo.css">', '<link href="/assets/a-abcdefgh.css">'],
    [
      'Next',
      '<script src="/_next/static/chunks/2ey0aedw8ho1-.js">',
      '<script src="/_next/static/chunks/hash-of_code.js">',
    ],
    [
      'webpack',
      '<script src="https://shop.test/js/main.3f2a9c1b.js">',
      '<script src="/js/main.99aabbcc.js">',
    ],
    ['a query', '<script src="/app.js?v=17">', '<script src="/app.js?v=18">'],
    [
      'an import',
      '<script>import * as a from "/assets/item-nHTh1Z3T.js";</script>',
      '<script>import * as a from "/assets/item-UaQtugZU.js";</script>',
    ],
    [
      'the id of a build',
      '<script>self.__next_f.push([1,"0:{\\"b\\":\\"jmZeYJx_0C-9wfyJplbQa\\"}"])</script>',
      '<script>self.__next_f.push([1,"0:{\\"b\\":\\"Gq4Sw5vuQtwb6e2fwAmdm\\"}"])</script>',
    ],
    [
      'the state of a page',
      '<script type="application/json" id="__NEXT_DATA__">{"buildId":"jmZeYJx_0C-9wfyJplbQa"}</script>',
      '<script type="application/json" id="__NEXT_DATA__">{"buildId":"Gq4Sw5vuQtwb6e2fwAmdm"}</script>',
    ],
    [
      'a short commit',
      '<script>start({ build: "9f86d08" })</script>',
      '<script>start({ build: "a66b459" })</script>',
    ],
    [
      'a meta element',
      '<meta name="build" content="9f86d081884c7d659a2f">',
      '<meta name="build" content="a665a45920422f9d417e">',
    ],
  ])('is no difference: %s', (_, one, two) => {
    expect(names(page(one), page(two))).toEqual([])
  })

  it.each([
    [
      'a script more',
      '<script src="/assets/a-7HGoctw6.js">',
      '<script src="/assets/a-7HGoctw6.js"></script><script src="/assets/b-7HGoctw6.js">',
    ],
    [
      'another kind of file',
      '<link href="/assets/a-7HGoctw6.css">',
      '<link href="/assets/a-7HGoctw6.woff2">',
    ],
    [
      'another host',
      '<script src="/assets/a-7HGoctw6.js">',
      '<script src="https://evil.test/assets/a-7HGoctw6.js">',
    ],
    ['a script named by words', '<script src="/js/checkout.js">', '<script src="/js/shopping.js">'],
    ['a word in a script', '<script>show("EUR")</script>', '<script>show("USD")</script>'],
    ['a number in a script', '<script>show(1250)</script>', '<script>show(1251)</script>'],
    [
      'a link to an address that looks made',
      '<a href="/p/9f86d081884c.png">',
      '<a href="/p/a665a4592042.png">',
    ],
    [
      'a description',
      '<meta name="description" content="Tea, 5 EUR">',
      '<meta name="description" content="Tea, 5 USD">',
    ],
  ])('%s is a difference', (_, one, two) => {
    expect(names(page(one), page(two))).not.toEqual([])
  })

  it('is not asked of another build', () => {
    const files = [
      '/assets/root-7HGoctw6.js',
      '/_next/static/chunks/a.js',
      '/js/main.3f2a9c1b.js',
      '/__manifest',
    ]
    expect(files.filter((path) => !isOfOneBuild(path))).toEqual([])
    const others = [
      '/app.js',
      '/',
      '/items/1',
      '/items/1.data',
      '/api/9f86d081884c7d659a2f',
      '/img/checkout.png',
    ]
    expect(others.filter(isOfOneBuild)).toEqual([])
  })

  it('is left out of code and of frameworks’ data, not of other texts', () => {
    const both = (type: string) =>
      names(
        readAnswer(answer(type, '1:["/_next/static/chunks/2ey0aedw8ho1-.js"]'), RULES),
        readAnswer(answer(type, '1:["/_next/static/chunks/08mika-44sn50.js"]'), RULES),
      )
    expect(['text/x-component', 'text/x-script', 'text/javascript; charset=utf-8'].flatMap(both)).toEqual([])
    expect(both('text/plain')).toEqual(['body lines'])
  })
})
