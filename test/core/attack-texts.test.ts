/** One text must not stop the gate for all visitors: those that did took 2 to 22 seconds, and take milliseconds. */
import { describe, expect, it } from 'vitest'
import { attributesIn } from '../../src/api/flags/given-attributes.ts'
import { parseDocument, parseDocumentInSteps } from '../../src/core/config/parse/parse.ts'
import { failedPath } from '../../src/core/counters/samples/failures.ts'
import { isOfOneBuild, withoutBuildIds } from '../../src/core/shadow/build-names.ts'
import { readAnswer } from '../../src/core/shadow/read-answer.ts'
import { HeadFinder } from '../../src/gate/evaluation/head-finder.ts'
import { BASE } from './config/keys/case.ts'

const LENGTH = 60_000
/** An answer of a page that is compared may be longer. */
const PAGE = 240_000
const MOST_MS = 600
const filled = (piece: string, length = LENGTH) => piece.repeat(length / piece.length)

/** The processor's time: what else the machine does is no part of it. */
function costMs(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

describe('a path', () => {
  it.each(['a', '%22', '1', '1a', 'a1-', '/', 'a/', '@/', '%4'])('of %s is cut for failures', (piece) => {
    expect(costMs(() => failedPath('GET', `/shop/e404/${filled(piece)}`))).toBeLessThan(MOST_MS)
  })

  it.each(['a', 'A', '-', '~', 'a.', '/a', '_nuxt/'])(
    'of %s is looked at for names of one build',
    (piece) => {
      expect(costMs(() => isOfOneBuild(`/sh/${filled(piece)}.js`))).toBeLessThan(MOST_MS)
      expect(costMs(() => isOfOneBuild(`/sh/${filled(piece)}!.js`))).toBeLessThan(MOST_MS)
    },
  )
})

describe('an answer of an origin', () => {
  it.each(['.', 'a', '/', 'a.', './', '/.', '.js', '/.js', 'a-', 'abcdef1', '@~', 'a/b.js!'])(
    'of %s is read without ids of a build',
    (piece) => expect(costMs(() => withoutBuildIds(filled(piece)))).toBeLessThan(MOST_MS),
  )

  const OPENINGS = [
    '<a ',
    '<!--',
    '<![CDATA[',
    '<a "',
    "<a '",
    `<a '"`,
    '</a',
    '<a b=',
    '<script',
    '<',
    '<a>',
    '"',
  ]
  it.each(OPENINGS)('that repeats %s is read', (piece) => {
    const read = (text: string) =>
      readAnswer(
        { status: 200, headers: [['content-type', 'text/html']], body: { kind: 'text', text } },
        { hosts: [] },
      )
    expect(costMs(() => read(filled(piece, PAGE)))).toBeLessThan(2 * MOST_MS)
    expect(costMs(() => read(`${filled(piece, PAGE)}'`))).toBeLessThan(2 * MOST_MS)
  })

  it.each(['</title', '<title', '>', '<', '="', ' '])(
    'of a page whose title has many %s is searched for its head',
    (piece) => {
      const bytes = new TextEncoder().encode(`<!doctype html><head><title>${filled(piece)}`)
      expect(costMs(() => new HeadFinder(false).find(bytes, false))).toBeLessThan(MOST_MS)
    },
  )
})

describe('an answer of JSON', () => {
  const LONG = filled('x', PAGE)
  const leaves = Object.fromEntries(Array.from({ length: 6_000 }, (_, n) => [`k${n}`, n]))
  const read = (value: unknown, keys = {}) =>
    readAnswer(
      {
        status: 200,
        headers: [['content-type', 'application/json']],
        body: { kind: 'text', text: JSON.stringify(value) },
      },
      { hosts: [], keys },
    )

  it.each<[string, unknown]>([
    ['below a long name', { [LONG]: leaves }],
    ['below a long name that is no word', { [`${LONG} `]: [leaves] }],
    ['of an item with a long key', [{ id: LONG, ...leaves }]],
  ])('has its values %s read', (_, value) => {
    expect(costMs(() => read(value, { $: 'id' }))).toBeLessThan(MOST_MS)
  })

  it('differs below long names that differ at their end', () => {
    const fields = (end: string) => [...read({ [LONG + end]: { a: 1 } }).keys()]
    expect(fields('a')).toEqual(fields('a'))
    expect(fields('a')).not.toEqual(fields('b'))
  })
})

describe('a context', () => {
  it('costs its length, whatever its objects repeat', () => {
    const leaves = Object.fromEntries(Array.from({ length: 6_000 }, (_, n) => [`k${n}`, n]))
    expect(costMs(() => attributesIn({ [filled('x')]: leaves }))).toBeLessThan(MOST_MS)
    const name = 'x'.repeat(1_000)
    expect(attributesIn({ [name]: { a: 1 }, z: 2 })).toEqual({ [`${name}.a`]: 1, z: 2 })
  })
})

describe('a page that comes byte by byte', () => {
  it('is looked through a bounded number of times, and comes without flags', () => {
    const bytes = new TextEncoder().encode(`<!doctype html><!-- ${'>'.repeat(60_000)}`)
    const finder = new HeadFinder(false)
    let looks = 0
    const cost = costMs(() => {
      for (let length = 16; length < bytes.length; length++) {
        looks++
        if (finder.find(bytes.subarray(0, length), false).kind === 'nowhere') return
      }
    })
    expect(cost).toBeLessThan(MOST_MS)
    expect(looks).toBeGreaterThan(1_000)
    expect(looks).toBeLessThan(2_000)
  })
})

describe('a document', () => {
  const flagsWith = (part: (index: number) => object, count = 2_000) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`flag-${index}`, { ...BASE.flags.g, ...part(index) }]),
    )
  const DOCUMENTS: [string, object][] = [
    ['flags that require unknown ones', { flags: flagsWith((index) => ({ requires: [`falg-${index}`] })) }],
    [
      'one flag that requires unknown ones',
      {
        flags: flagsWith((index) => ({
          requires: index ? [] : Array.from({ length: 9_000 }, (_, n) => `x${n}`),
        })),
      },
    ],
    [
      'unknown flags for pages',
      {
        flags: flagsWith(() => ({})),
        bootstrap: { flags: Array.from({ length: 9_000 }, (_, n) => `x${n}`) },
      },
    ],
    [
      'routes to unknown flags',
      {
        flags: flagsWith(() => ({})),
        routes: Array.from({ length: 2_000 }, (_, n) => ({ path: `/p${n}`, flag: `falg-${n}`, origins: {} })),
      },
    ],
    [
      'a long chain that always leads back',
      { flags: flagsWith((n) => ({ requires: ['flag-0', `flag-${(n + 1) % 2_000}`] })) },
    ],
    [
      'routes without origins for many variants',
      {
        flags: {
          g: {
            variants: Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`v${n}`, n])),
            off: 'v0',
          },
        },
        routes: Array.from({ length: 2_000 }, (_, n) => ({ path: `/p${n}`, flag: 'g', origins: {} })),
      },
    ],
  ]

  it.each(DOCUMENTS)('with %s is refused, with the first problems', async (_, parts) => {
    const text = JSON.stringify({ ...BASE, ...parts })
    let refused: unknown
    const cost = costMs(() => {
      const parsed = parseDocument(text)
      refused = JSON.parse(JSON.stringify(parsed))
    })
    expect(refused).toMatchObject({ ok: false, problems: { length: 100 } })
    expect(cost).toBeLessThan(2 * MOST_MS)
    expect(await parseDocumentInSteps(text, async () => {})).toEqual(refused)
  })

  it.each<[string, (n: number) => object]>([
    ['hosts', (n) => ({ path: '/:a/:b', host: `h${n}.test` })],
    ['hosts at an open end', (n) => ({ path: '/x/*', host: `h${n}.test` })],
    ['methods', (n) => ({ path: '/:a', method: `M${'ABCDEFGHIJ'[n % 10]}${'X'.repeat(n / 10)}` })],
  ])('with thousands of routes that differ in their %s alone is checked', (_, part) => {
    const routes = Array.from({ length: 4_000 }, (_, n) => ({ ...part(n), origin: 'old' }))
    expect(costMs(() => parseDocument(JSON.stringify({ ...BASE, routes })))).toBeLessThan(2 * MOST_MS)
  })

  it('has a suggestion for each problem that people see', () => {
    const parsed = parseDocument(JSON.stringify({ ...BASE, ...DOCUMENTS[0]?.[1] }))
    expect(parsed).toMatchObject({ ok: false })
    const fixes = parsed.ok ? [] : parsed.problems.map(({ fix }) => fix)
    expect(fixes.every((fix) => /did you mean "flag-/.test(fix))).toBe(true)
  })
})
