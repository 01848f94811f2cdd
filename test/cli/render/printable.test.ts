/** Nothing that a gate or a document says steers the terminal, forges a row, or hides: for every verb that shows it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { jsonText, printable, printableDeep, printableText } from '../../../src/cli/base/printable.ts'
import { SCREEN, safeTerminal, type Terminal } from '../../../src/cli/base/terminal.ts'
import { ANSWERS } from '../gate/answers.ts'
import { Refused, scriptedGate } from '../gate/scripted-gate.ts'
import { emptyFolder, sluice } from '../gate/support.ts'

/** One of each kind that must not reach a terminal. */
const UNSEEN = {
  'a new row': '\n',
  'the same row again': '\r',
  'a tab': '\t',
  'a sound': '\x07',
  'an escape sequence': '\x1b[2J',
  'a colour': '\x1b[32m',
  'a title': '\x1b]0;owned\x07',
  'an 8-bit sequence': '\x9b2J',
  'a backspace': '\b',
  DEL: '\x7f',
  'right to left': '\u202e',
  'an isolate': '\u2066',
  'zero width': '\u200b',
  'a soft hyphen': '\u00ad',
  'a byte order mark': '\ufeff',
  'a line separator': '\u2028',
  'a paragraph separator': '\u2029',
  'a tag character': '\u{e0041}',
  'private use': '\ue000',
  'half a pair': '\ud800',
} as const
const ALL = Object.values(UNSEEN).join('x')
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/u

describe('a value', () => {
  it.each(Object.entries(UNSEEN))('shows %s as an escape', (_, text) => {
    expect(printable(`a${text}b`)).not.toMatch(HIDDEN)
    expect(printable(`a${text}b`)).toMatch(/^a\\.+b$/)
  })

  it('that is visible stays as it is', () => {
    const text = 'naïve – “quoted” 日本語 🎉 {"a": \\n} ½'
    expect(printable(text)).toBe(text)
    expect(printable('a\nb\x1b[31m\u202e')).toBe('a\\nb\\u{1b}[31m\\u{202e}')
  })

  it('is safe however deep it lies, as a key, too', () => {
    const value = { [ALL]: [ALL, { deeper: ALL }, 7, null, true, undefined] }
    expect(JSON.stringify(printableDeep(value))).not.toMatch(HIDDEN)
    expect(printableDeep({ a: [7, null, true, { b: 'c' }] })).toEqual({ a: [7, null, true, { b: 'c' }] })
  })
})

describe('a text', () => {
  it('keeps its lines and our colours, and nothing else', () => {
    expect(printableText('\x1b[1mbold\x1b[22m \x1b[31mred\x1b[39m\n\tx')).toBe(
      '\x1b[1mbold\x1b[22m \x1b[31mred\x1b[39m\n\tx',
    )
    for (const sequence of [
      '\x1b[5m',
      '\x1b[38m',
      '\x1b[2J',
      '\x1b[1;1H',
      '\x1b[m',
      '\x1b]8;;x\x07',
      '\x1b[311m',
    ])
      expect(printableText(sequence), JSON.stringify(sequence)).not.toContain('\x1b')
  })

  it('steers the screen in separate writes alone', () => {
    const told: string[] = []
    const terminal = safeTerminal({
      out: (text: string) => told.push(text),
      outIsScreen: true,
    } as unknown as Terminal)
    for (const sequence of Object.values(SCREEN)) terminal.out(sequence)
    expect(told).toEqual(Object.values(SCREEN))
    told.length = 0
    for (const sequence of Object.values(SCREEN)) terminal.out(`x${sequence}`)
    expect(told.join('')).not.toMatch(HIDDEN)
  })
})

it('JSON is the very value, and safe to look at', () => {
  const value = { [ALL]: ALL, plain: 'é🎉' }
  const text = jsonText(value, 2)
  expect(text.replaceAll('\n', '')).not.toMatch(HIDDEN)
  expect(JSON.parse(text)).toEqual(value)
  expect(jsonText({ a: 1 }, 2)).toBe('{\n  "a": 1\n}')
})

/** Puts the attack into every text of an answer. */
function attacked<T>(value: T): T {
  const spoil = (each: unknown, key = ''): unknown => {
    // What is chosen from a list, or read as a time, cannot be anything else.
    const isFixed = typeof each !== 'string' || !FREE.has(key)
    if (Array.isArray(each)) return each.map((one) => spoil(one, key))
    if (typeof each !== 'object' || each === null) return isFixed ? each : `${each}${ALL}`
    return Object.fromEntries(Object.entries(each).map(([name, one]) => [name, spoil(one, name)]))
  }
  return spoil(value) as T
}
const FREE = new Set([
  ...['reason', 'actor', 'name', 'createdBy', 'text', 'description', 'owner', 'sentence', 'message'],
  ...['path', 'found', 'expected', 'fix', 'before', 'after', 'flag', 'variant', 'kvError', 'detail', 'id'],
])

describe('a gate whose every text is hostile', () => {
  it.each([
    'audit',
    'feedback',
    'status',
    'status f',
    'history',
    'token list',
    'flags list',
    'flags get f',
    'explain f',
    'diff',
    'kill f --yes',
    'rollback f --yes',
    'webhook http://hook.test/',
  ])('%s shows as many lines as without', async (line) => {
    const cwd = await emptyFolder()
    await writeFile(join(cwd, 'gate.json'), ANSWERS.getDocument.text)
    const [plain, hostile] = [await scriptedGate(), await scriptedGate(attacked(ANSWERS))]
    const lines = async (gate: typeof plain) => {
      const ran = await gate.run(line, { cwd })
      const text = ran.out + ran.err
      expect(text.replaceAll('\n', '')).not.toMatch(HIDDEN)
      expect(text.length).toBeGreaterThan(10)
      return text.split('\n').length
    }
    expect(await lines(hostile)).toBe(await lines(plain))
    const json = await hostile.run(`${line} --json`, { cwd })
    expect(json.out.replaceAll('\n', '')).not.toMatch(HIDDEN)
    expect(() => JSON.parse(json.out)).not.toThrow()
  })

  it('a refusal shows its problems, each in its place', async () => {
    const problem = { path: ALL, found: ALL, expected: ALL, fix: ALL }
    const refused = new Refused(422, `no${ALL}`, { problems: [problem] })
    const gate = await scriptedGate({ commandFlag: refused })
    const { err } = await gate.run('pause f --yes')
    expect(err.replaceAll('\n', '')).not.toMatch(HIDDEN)
    expect(err.trimEnd().split('\n')).toHaveLength(5)
    const { out } = await gate.run('pause f --yes --json')
    expect(JSON.parse(out).error.problems).toEqual([problem])
  })

  it('a document is written as it is, and shown safely', async () => {
    const text = `{"origins":"${ALL}"}`
    const gate = await scriptedGate({ getDocument: { ...ANSWERS.getDocument, text } })
    expect((await gate.run('pull')).out).toBe(`${text}\n`)
    expect((await gate.run('pull', { isScreen: true })).out.replaceAll('\n', '')).not.toMatch(
      /[^\P{C}\t]|[\p{Zl}\p{Zp}]/u,
    )
    expect(JSON.parse((await gate.run('pull --json')).out).text).toBe(text)
  })
})

it('a document of someone else has its problems shown, on as many lines as any', async () => {
  const cwd = await emptyFolder()
  await mkdir(join(cwd, 'config'))
  await writeFile(
    join(cwd, 'gate.json'),
    JSON.stringify({ [`x${ALL}`]: ALL, origins: { [ALL]: { url: ALL } } }),
  )
  const { out, err } = await sluice(['check'], { cwd })
  const text = out + err
  expect(text.replaceAll('\n', '')).not.toMatch(HIDDEN)
  expect(text.split('\n').every((line) => /^$|^ {2}(found|expected|fix) |^gate\.json/.test(line))).toBe(true)
})
