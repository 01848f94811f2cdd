/** Long answers are read in steps: none of them takes long, and nothing is lost between two. */
import { describe, expect, it } from 'vitest'
import type { ShadowAnswer } from '../../../src/core/shadow/answer.ts'
import { differences } from '../../../src/core/shadow/compare.ts'
import { isSameText, readAnswer, readInSteps } from '../../../src/core/shadow/read-answer.ts'

const LONG = 250_000
const RULES = { hosts: [] }
const answer = (type: string, text: string): ShadowAnswer => ({
  status: 200,
  headers: [['content-type', type]],
  body: { kind: 'text', text },
})
const filled = (piece: (n: number) => string) => {
  let text = ''
  for (let n = 0; text.length < LONG; n++) text += piece(n)
  return text
}
const products = (n: number) => ({ id: n, name: `product ${n}`, tags: ['a', `t${n}`], price: { amount: n } })
const list = Array.from({ length: 3_500 }, (_, n) => products(n))
const kinds: [string, string, string][] = [
  ['JSON', 'application/json', JSON.stringify({ list })],
  ['JSON with a list in a list', 'application/json', JSON.stringify({ pages: [[{ list }]] })],
  ['numbers', 'application/json', JSON.stringify(Array.from({ length: 50_000 }, (_, n) => n))],
  ['JSON with many fields', 'application/json', `{${filled((n) => `"field ${n}": ${n},`)}"z": 1}`],
  ['HTML', 'text/html', filled((n) => `<li><a href="/p/${n}">product ${n}</a><p>${n} EUR</p></li>`)],
  ['HTML with its state', 'text/html', `<script type="application/json">${JSON.stringify(list)}</script>`],
  ['HTML with a script', 'text/html', `<script>${filled((n) => `show("product ${n}");`)}</script>`],
  ['code in one line', 'text/javascript', filled((n) => `a.b${n}("/js/main-${n}abcdef1.js");`)],
  ['text', 'text/plain', filled((n) => `line ${n}\n`)],
]

describe.each(kinds)('%s', (_, type, text) => {
  it('of 250 kB gives way at least every 16 kB', () => {
    let steps = 0
    for (const _ of readInSteps(answer(type, text), RULES)) steps++
    expect(steps).toBeGreaterThanOrEqual(Math.floor(text.length / 16_384))
  })

  it('differs where one value in its middle does', () => {
    const at = text.indexOf('7', text.length / 2)
    const other = `${text.slice(0, at)}8${text.slice(at + 1)}`
    const [one, two] = [text, other].map((each) => readAnswer(answer(type, each), RULES))
    expect(one && two && differences(one, two).length).toBeGreaterThan(0)
    expect(one && differences(one, readAnswer(answer(type, text), RULES))).toEqual([])
  })
})

it('gives way between fields that are sorted, too', () => {
  const lists = Array.from({ length: 20 }, (_, n) => [`list ${n}`, Array(1_500).fill(5)] as const)
  const text = JSON.stringify(Object.fromEntries(lists))
  const stepsOf = (each: string) => [...readInSteps(answer('application/json', each), RULES)].length
  // As many values in one field are not sorted.
  const together = JSON.stringify(lists.map(([, values]) => values))
  expect(stepsOf(text) - stepsOf(together)).toBeGreaterThan(10)
})

it('a short answer takes one step', () => {
  const short = answer('application/json', JSON.stringify({ list: list.slice(0, 20) }))
  expect([...readInSteps(short, RULES)]).toEqual([])
})

describe('names that only one build has', () => {
  const nameAt = (length: number, name: string) => `${'x(1);'.repeat(length / 5)}"/assets/${name}.js";`

  it.each([4_070, 4_080, 4_085, 4_090, 4_095, 8_190])('are left out where a step ends, too: %i', (length) => {
    const read = (name: string) => readAnswer(answer('text/javascript', nameAt(length, name)), RULES)
    expect(differences(read('root-7HGoctw6'), read('root-CM_L7ZM_'))).toEqual([])
  })
})

describe('more values of a field than are sorted', () => {
  const numbers = Array.from({ length: 5_000 }, (_, n) => n)
  const read = (value: unknown) => readAnswer(answer('application/json', JSON.stringify(value)), RULES)
  const names = (value: unknown) => differences(read(numbers), read(value)).map(({ field }) => field)

  it('do not depend on their order', () => {
    expect(names([...numbers].reverse())).toEqual(['$ order'])
    expect(names([...numbers.slice(2_500), ...numbers.slice(0, 2_500)])).toEqual(['$ order'])
  })

  it.each([0, 2_047, 2_048, 2_049, 4_095, 4_096, 4_999])('differ where value %i does', (at) => {
    expect(names(numbers.with(at, -1))).toEqual(['$ order', '$[]'])
  })

  it('say how many there are', () => {
    expect(read(numbers).get('$[]')).toEqual([expect.stringMatching(/^5000 values #\w+$/)])
    expect(read(numbers.slice(0, 2_048)).get('$[]')?.length).toBe(257)
    expect(read(numbers.slice(0, 2_049)).get('$[]')).toEqual([expect.stringMatching(/^2049 values #\w+$/)])
  })
})

describe('texts that are the same in all that is compared', () => {
  const page = (headers: [string, string][], text = 'a', status = 200): ShadowAnswer => ({
    status,
    headers: [['content-type', 'text/html'], ...headers],
    body: { kind: 'text', text },
  })
  const cookie = (value: string): [string, string] => ['set-cookie', value]

  it.each<[string, ShadowAnswer, ShadowAnswer, boolean]>([
    ['themselves', page([cookie('a=1')]), page([cookie('a=1')]), true],
    ['a header that no one compares', page([['date', 'a']]), page([['date', 'b']]), true],
    ['another text', page([]), page([], 'b'), false],
    ['another status', page([]), page([], 'a', 404), false],
    ['a header more', page([]), page([['vary', 'cookie']]), false],
    ['another target', page([['location', '/a']]), page([['location', '/b']]), false],
    ['another cookie', page([cookie('a=1; secure')]), page([cookie('a=1')]), false],
  ])('%s', (_, one, other, isSame) => {
    expect([isSameText(one, other), isSameText(other, one)]).toEqual([isSame, isSame])
  })

  it('are no answers that have no text', () => {
    const none = { failure: 'timeout' } as const
    const bytes: ShadowAnswer = { status: 200, headers: [], body: { kind: 'bytes', bytes: 1, hash: '1' } }
    const pairs = [none, bytes].flatMap((one) =>
      [none, bytes, page([])].map((other) => isSameText(one, other)),
    )
    expect(pairs).not.toContain(true)
  })
})
