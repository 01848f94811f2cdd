/** The kill list in every form in which shells deliver it, and in forms that name nothing. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { killChanges, killOrder } from '../../../src/core/config/kill-list.ts'

const FLAGS = new Set(['new-shop', 'payments/checkout.v2', 'größe', 'a', 'b', 'udead-end'])
const order = (text: string | null) => killOrder(text, FLAGS)
const BOM = '\ufeff'

const SHELLS: readonly (readonly [shell: string, deliver: (text: string) => string])[] = [
  ['bash', (text) => text],
  ['cmd with single quotes', (text) => `'${text}'`],
  ['cmd with double quotes, which swallows inner ones', (text) => text.replaceAll('"', '')],
  ['cmd with escapes', (text) => text.replaceAll('"', '\\"')],
  ['cmd with carets', (text) => text.replaceAll('"', '^"')],
  ['PowerShell 5, which drops inner quotes', (text) => text.replaceAll('"', '')],
  ['PowerShell with doubled quotes', (text) => `"${text.replaceAll('"', '""')}"`],
  ['a chat that makes quotes typographic', (text) => text.replaceAll('"', '“')],
  ['Notepad, with a byte order mark and a line end', (text) => `${BOM}${text}\r\n`],
  ['echo to a file', (text) => `${text} \r\n`],
  ['UTF-16 read as UTF-8', (text) => `\ufffd\ufffd${[...text].map((char) => `${char}\0`).join('')}`],
]

describe('a kill list means what it looks like', () => {
  it.each(SHELLS)('delivered by %s', (_, deliver) => {
    const ofAll = ['*', '[*]', '["*"]', '"*"', '[ "*" ]']
    expect(ofAll.map((text) => order(deliver(text)).list)).toEqual(ofAll.map(() => ['*']))
    const ofOne = ['new-shop', '[new-shop]', '["new-shop"]', '"new-shop"']
    expect(ofOne.map((text) => order(deliver(text)).list)).toEqual(ofOne.map(() => ['new-shop']))
    const ofTwo = ['a,b', '[a, b]', '["a","b"]', 'a\nb', 'a b', '["a", "b",]', 'a\r\nb\r\n', '[a b']
    expect(ofTwo.map((text) => order(deliver(text)).list)).toEqual(ofTwo.map(() => ['a', 'b']))
    expect(order(deliver('["payments/checkout.v2"]')).list).toEqual(['payments/checkout.v2'])
    expect(order(deliver('[]'))).toEqual({ list: [], problems: [] })
    expect(order(deliver('[ ]'))).toEqual({ list: [], problems: [] })
  })

  it('with letters of any language, each name once', () => {
    expect(order('größe größe').list).toEqual(['größe'])
    expect(order('{"kill":["a"]}')).toMatchObject({
      list: ['kill', ':', 'a'],
      problems: [{ found: '"kill"' }, { found: '":"' }],
    })
  })
})

describe('what programs write', () => {
  const ascii = (text: string) =>
    text.replace(/[^\0-\x7f]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)

  it.each(SHELLS)('with escapes of JSON, delivered by %s', (_, deliver) => {
    const list = ['payments/checkout.v2', 'größe', 'a']
    const asPython = ascii(JSON.stringify(list))
    const asPhp = asPython.replaceAll('/', '\\/')
    const shouted = asPython.replace(/(?<=u)[\da-f]{4}/g, (hex) => hex.toUpperCase())
    for (const text of [asPython, shouted, asPhp, asPhp.replaceAll('\\', '\\\\')])
      expect(order(deliver(text)).list).toEqual(list)
    expect(order(deliver('["\\u002a"]')).list).toEqual(['*'])
    expect(killOrder(deliver(asPhp), undefined).list).toEqual(list)
  })

  it('with accents of their own, as macOS writes them', () => {
    expect(order(JSON.stringify(['größe'.normalize('NFD')]))).toEqual({ list: ['größe'], problems: [] })
    const decomposed = 'größe'.normalize('NFD')
    expect(killOrder('größe', new Set([decomposed])).list).toEqual([decomposed])
    expect(killOrder(decomposed, new Set(['größe', decomposed])).list).toEqual([decomposed])
  })

  it('a backslash that a shell has left before a name is no escape', () => {
    expect(order('[\\udead-end\\]')).toEqual({ list: ['udead-end'], problems: [] })
  })
})

describe('what lifts', () => {
  it('is an absent or empty value, or an empty list', () => {
    for (const text of [null, '', '  \n', BOM, `${BOM}\r\n`, '[]', '[\n]', "'[]'"])
      expect([text, order(text)]).toEqual([text, { list: [], problems: [] }])
  })

  it('is nothing else: text without a known name leaves the list as it is, and says so', () => {
    const nonsense = [
      'nonsense',
      'null',
      'true',
      '0',
      '{}',
      '""',
      "''",
      ',',
      '[[]]',
      '[""]',
      '["new-shpo"]',
      'ALL',
      'a*',
    ]
    for (const text of nonsense) {
      const { list, problems } = order(text)
      expect([text, list, problems.length]).toEqual([text, undefined, 1])
    }
    expect(order('new-shpo').problems).toMatchObject([
      { path: '$', found: '"new-shpo"', fix: 'did you mean "new-shop"?' },
    ])
    expect(order('x y z u v w').problems).toHaveLength(5)
  })
})

describe('a mixed list', () => {
  it('kills what is known and reports what is not', () => {
    expect(order('["a","nowhere","b"]')).toMatchObject({
      list: ['a', 'nowhere', 'b'],
      problems: [{ found: '"nowhere"' }],
    })
    expect(order('* nowhere').list).toEqual(['*', 'nowhere'])
  })

  it('reads back whatever was written as JSON', () => {
    const keys = fc.uniqueArray(fc.stringMatching(/^[\p{L}\p{N}._/-]{1,20}$/u), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(keys, (names) => {
        for (const text of [JSON.stringify(names), names.join('\n'), `[${names.join(', ')}]`])
          expect(killOrder(text, undefined)).toEqual({ list: names, problems: [] })
      }),
    )
  })
})

describe('what a new list changes', () => {
  it('is told flag by flag: those that enter, then those that leave', () => {
    expect(killChanges(['a', 'b'], ['b', 'c', '*'])).toEqual([
      { flag: 'c', before: ['a', 'b'], after: ['a', 'b', 'c'] },
      { flag: '*', before: ['a', 'b', 'c'], after: ['a', 'b', 'c', '*'] },
      { flag: 'a', before: ['a', 'b', 'c', '*'], after: ['b', 'c', '*'] },
    ])
    expect(killChanges(['a'], ['a'])).toEqual([])
  })

  it('grows with the list, not with its square: of a long one each record has its flag and *', () => {
    const names = (count: number) => Array.from({ length: count }, (_, at) => `flag-${at}`)
    const sizeOf = (count: number) => JSON.stringify(killChanges([], [...names(count), '*'])).length
    expect(sizeOf(4_000) / sizeOf(1_000)).toBeLessThan(4.5)
    const changes = killChanges([...names(1_000), '*'], [...names(999), 'new'])
    expect(changes.slice(0, 1)).toEqual([{ flag: 'new', before: ['*'], after: ['new', '*'] }])
    expect(changes.slice(1)).toEqual([
      { flag: 'flag-999', before: ['flag-999', '*'], after: ['*'] },
      { flag: '*', before: ['*'], after: [] },
    ])
  })
})
