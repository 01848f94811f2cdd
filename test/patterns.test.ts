/**
 * Every regular expression of what runs in the Worker takes time in proportion to the text. Paths, headers, answers and
 * documents come from anyone, and one that takes seconds stops an isolate for all its visitors.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { expect, test } from 'vitest'
import { PROJECT_ROOT } from '../src/local/build/project-root.ts'

const SOURCES = 'src/{api,contract,core,durable,gate,platform}/**/*.ts'

/** Texts that are never longer, in characters, and where that is seen to. */
const SHORT_TEXTS: Readonly<Record<string, { most: number; by: string }>> = {
  'src/core/context/user-agent.ts': { most: 512, by: 'device.ts cuts user agents' },
  'src/core/figures.ts': { most: 25, by: 'a number as text' },
  'src/core/flags/version.ts': { most: 256, by: 'LONGEST_VERSION' },
}

/** What `new RegExp` makes beside copies of literals, by example. */
const COMPOSED: Readonly<Record<string, readonly RegExp[]>> = {
  'src/api/admin/admin-api.ts': [/^\/__sluice\/api\/v1\/flags\/[^/]+\/(kill|promote)$/],
  'src/core/config/schema/identity.ts': [
    /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/,
  ],
  // One character of a text, and the name of a class.
  'src/core/flags/regex/char-class.ts': [/[a-z]/iu, /\p{gc=L}/u],
  'src/core/lookalikes.ts': [/[^\p{Script=Latin}\p{Script=Common}]/u],
  'src/core/shadow/html-fields.ts': [/<\/script[\s/>]/gi],
  'src/gate/origin/pairs.ts': [
    /(?:^\?|&)(?:state|saml\w{0,24}|[^=&]{0,64}(?:token|ticket)|[^=&]{0,64}(?:verif|confirm)\w{0,12}[_-]?code)(?:\]|%5d)?=/i,
  ],
  'src/gate/origin/proxy-headers.ts': [
    /^(?:keep-alive|te|sluice[^a-z\d].*|x[^a-z\d]forwarded(?:[^a-z\d].*)?)$/,
  ],
  'src/gate/request/proxy-claims.ts': [
    /^(?:x[^a-z\d]original[^a-z\d](?:for|(?:forwarded|remote)[^a-z\d].*))$/,
  ],
  'src/platform/admin-host.ts': [/^[a-z]+:\/\/(?:[^/?#]*@)?admin\.shop\.test\.?(?::\d*)?(?=[/?#\\*]|$)/i],
}

type Pattern = { place: string; file: string; regex: RegExp }

const files = globSync(SOURCES, { cwd: PROJECT_ROOT }).sort()
const patterns: Pattern[] = []
const composed = new Set<string>()
for (const file of files) {
  const text = readFileSync(join(PROJECT_ROOT, file), 'utf8')
  const lineOf = (at: number) => text.slice(0, at).split('\n').length
  const noteComposed = ({ callee, arguments: given }: { callee: object; arguments: object[] }) => {
    if (!('name' in callee) || callee.name !== 'RegExp') return
    const [first = {}] = given
    const isCopy = 'name' in first && new RegExp(`const ${first.name} =\\s+/`).test(text)
    if (!isCopy) composed.add(file)
  }
  new Visitor({
    Literal(node) {
      if (!('regex' in node)) return
      const regex = new RegExp(node.regex.pattern, node.regex.flags)
      patterns.push({ place: `${file}:${lineOf(node.start)}`, file, regex })
    },
    NewExpression: noteComposed,
    CallExpression: noteComposed,
  }).visit(parseSync(file, text).program)
}

/** Signs and words that a pattern speaks of, one of each class. */
function wordsOf(source: string): { signs: string[]; words: string[] } {
  const classes: Readonly<Record<string, string>> = {
    d: '0',
    w: 'a',
    s: ' ',
    D: 'a',
    W: '!',
    S: 'a',
    p: 'é',
    P: 'a',
  }
  const plain = source
    .replace(/\(\?<?[:=!]|(?<!\\)\{\d+,?\d*\}|(?<!\\)[()+*?^$|]/g, '¦')
    .replace(/\\p\{[^}]*\}/gi, '\\p')
    .replace(/\\[bB]/g, '')
    .replace(/\\u([\da-f]{4})|\\x([\da-f]{2})/gi, (_, long, short) =>
      String.fromCharCode(parseInt(long ?? short, 16)),
    )
    .replace(
      /\\(.)/g,
      (_, sign: string) => classes[sign] ?? { n: '\n', r: '\r', t: '\t', f: '\f' }[sign] ?? sign,
    )
  const signs = [...new Set(plain.replaceAll('¦', ''))]
  const words = plain.split(/[¦[\]]/).filter((word) => word.length > 1)
  return { signs: [...signs.slice(0, 16), 'a', '0', ' ', 'A'], words: [...new Set(words)].slice(0, 16) }
}

/** Texts of about a length that make an engine try again: many of one piece, with and without a beginning and an end. */
function* textsFor(regex: RegExp): Generator<(length: number) => string> {
  const { signs, words } = wordsOf(regex.source)
  const few = signs.slice(0, 7)
  const pairs = few.flatMap((one) => few.map((other) => one + other))
  const pieces = [...new Set([...signs, ...words, ...pairs])]
  const starts = ['', ...new Set([...words.slice(0, 3), ...few.slice(0, 3)])]
  for (const piece of pieces)
    for (const start of starts)
      for (const end of ['', '\u0001\n']) yield (length) => start + piece.repeat(length / piece.length) + end
}

/** ms of the fastest of some runs: what else the machine does is no part of it. */
function fastestMs(regex: RegExp, text: string, runs: number): number {
  let fastest = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run++) {
    const began = performance.now()
    regex.lastIndex = 0
    if (regex.global) text.replace(regex, '')
    else regex.test(text)
    fastest = Math.min(fastest, performance.now() - began)
  }
  return fastest
}

/** Linear ones take a tenth of this for the longest of these texts. */
const QUICK_MS = 0.25

/** Whether the time grows by more than the text; longer texts are tried only where shorter ones were quick. */
function isSlow(regex: RegExp, text: (length: number) => string, most: number): boolean {
  for (const length of [24, 300, 2_000, 6_000].filter((each) => each <= most)) {
    if (fastestMs(regex, text(length), 1) < QUICK_MS) continue
    const ms = fastestMs(regex, text(length), 4)
    if (ms > 8) return true
    if (ms > QUICK_MS) return fastestMs(regex, text(4 * length), 4) > 8 * ms
  }
  return false
}

function slowText({ file, regex }: Pattern): string | undefined {
  const most = SHORT_TEXTS[file]?.most ?? Number.POSITIVE_INFINITY
  for (const text of textsFor(regex)) if (isSlow(regex, text, most)) return text(24)
  return undefined
}

test('no pattern takes more time than its share for longer text', () => {
  expect(patterns.length).toBeGreaterThan(250)
  const slow = patterns.flatMap((pattern) => {
    const text = slowText(pattern)
    return text === undefined ? [] : [{ place: pattern.place, pattern: String(pattern.regex), text }]
  })
  expect(slow).toEqual([])
})

test('patterns that are put together take no more either, and no other is', () => {
  expect([...composed].sort()).toEqual(Object.keys(COMPOSED))
  const examples = Object.entries(COMPOSED).flatMap(([file, regexes]) =>
    regexes.map((regex) => ({ place: file, file, regex })),
  )
  expect(examples.filter((pattern) => slowText(pattern) !== undefined)).toEqual([])
})

test.each([
  /(<\s*)([^>]*?)(\s*>)/g,
  /"(?:[^"\\]+|\\.)*"/g,
  /^\s*(?:x|)\s*$/,
  /^(?=.*\d|.*[a-z].*[A-Z])[\w~-]{8,}$/,
  /<!--[\s\S]*?-->|<([a-z]+)((?:"[^"]*"|[^>"])*)>|[^<]+|</g,
  /Macintosh.*FxiOS\//,
])('%s would be found', (regex) => {
  expect(slowText({ place: '', file: '', regex })).toBeDefined()
})
