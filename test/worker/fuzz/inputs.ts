/** What visitors and neighbours may send, at random. */
import fc from 'fast-check'

const PIECES = [
  '"',
  ',',
  ';',
  '=',
  '|',
  '!',
  '%',
  'W/',
  '~sluice.',
  ' ',
  '-',
  'a',
  '0',
  '\\',
  '%zz',
  '.',
  'é',
]
const LONGEST_FIELD = 8_000

/** The same over and over, between something else: what backtracks, or looks back from each place, shows by this. */
const pumped = (pieces: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...pieces), fc.constantFrom(...pieces), fc.nat(2_000), fc.constantFrom(...pieces))
    .map(([before, piece, times, after]) => (before + piece.repeat(times)).slice(0, LONGEST_FIELD) + after)

const joined = (pieces: readonly string[], maxLength: number, by = '') =>
  fc.array(fc.constantFrom(...pieces), { maxLength }).map((parts) => parts.join(by))

/** Text that a header can hold: servers refuse control characters before the gate sees them. */
export const fieldText = fc
  .oneof(
    { weight: 50, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 60 }) },
    { weight: 50, arbitrary: joined(PIECES, 40) },
    { weight: 1, arbitrary: pumped(PIECES) },
  )
  .map((text) => text.replace(/[^ -~\x80-\xff]/g, ' ').trim())

export const json = fc.json({ maxDepth: 4 })
export const base64 = (given: string | Uint8Array) => {
  const bytes = typeof given === 'string' ? new TextEncoder().encode(given) : given
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('=', '')
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

/** Not signed, or not by us. */
export const forgedToken = fc.oneof(
  fc
    .tuple(json, json, fc.string({ maxLength: 20 }))
    .map((parts) => parts.map((part) => base64(part)).join('.')),
  fc
    .tuple(fc.constantFrom('none', 'HS256', 'RS256', 'ES256', 'HS256\u0000', ''), json, fieldText)
    .map(([alg, claims, signature]) =>
      [...[base64(JSON.stringify({ alg })), base64(claims)], signature].join('.'),
    ),
  fieldText,
)

/** Claims of a token that is signed as it should be: its owner chose them, or a careless issuer. */
export const claims = fc.record(
  {
    sub: fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\ud800'), fc.jsonValue({ maxDepth: 1 })),
    plan: fc.jsonValue({ maxDepth: 3 }),
    exp: fc.oneof(fc.constant(4_000_000_000), fc.double(), fc.jsonValue({ maxDepth: 1 })),
    nbf: fc.oneof(fc.constant(0), fc.jsonValue({ maxDepth: 1 })),
    ['__proto__']: fc.jsonValue({ maxDepth: 1 }),
  },
  { requiredKeys: [] },
)

const AGENT_PIECES = [
  'Mozilla/5.0',
  'Chrome/1',
  'Safari/',
  '(iPhone',
  'Mobile',
  'bot',
  'Android',
  ')',
  ';',
  'OS 1_',
]
export const userAgent = fc.oneof(
  { weight: 50, arbitrary: fieldText },
  { weight: 50, arbitrary: joined(AGENT_PIECES, 12, ' ') },
  { weight: 1, arbitrary: pumped(AGENT_PIECES) },
)

const PATH_PIECES = [
  '/',
  '//',
  '%',
  '%zz',
  '%2F',
  '..',
  'a',
  '.',
  ':',
  '@',
  'shop',
  'users',
  'edit',
  '?',
  ';',
  'ș',
  '\\',
]
export const path = fc.oneof(
  { weight: 50, arbitrary: fc.webPath() },
  { weight: 50, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `/${text}`) },
  { weight: 50, arbitrary: joined(PATH_PIECES, 20).map((text) => `/${text}`) },
  { weight: 1, arbitrary: pumped(PATH_PIECES).map((text) => `/${text}`) },
)
export const query = fc.oneof(fc.webQueryParameters(), fieldText)

const COOKIES = ['sluice_id', 'sluice_pages', 'sluice_debug', 'uid', 'beta', '']
/** A page cookie as the gate writes it, or nearly. */
const pages = fc
  .array(
    fc.tuple(
      fc.constantFrom('0', '1x9k2', '%0A', '%E2%82%AC', '%3B', ''),
      fc.constantFrom('shop', 'page', 'nosuch', '%0D%0Aset-cookie:a=b', '__proto__', ''),
      fc.constantFrom('on', 'off', '%00', ''),
    ),
    { maxLength: 12 },
  )
  .map((entries) => entries.map((parts) => parts.join('|')).join('!'))
/** A Cookie field. */
export const cookies = fc
  .array(
    fc.oneof(fc.tuple(fc.constantFrom(...COOKIES), fieldText), fc.tuple(fc.constant('sluice_pages'), pages)),
    { maxLength: 8 },
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('; '))

const HEADERS = [
  ...['accept', 'referer', 'sec-fetch-mode', 'sec-fetch-site', 'sec-fetch-dest', 'connection', 'cookie'],
  ...['if-none-match', 'if-match', 'if-range', 'if-modified-since', 'range', 'x-forwarded-for', 'forwarded'],
  ...[
    'x-version',
    'accept-language',
    'sluice-debug',
    'sluice-flags',
    'x-user-id',
    'cf-connecting-ip',
    'origin',
  ],
  ...['content-length', 'sec-ch-ua-mobile', 'sec-ch-ua-platform', 'host', 'te', 'cache-control'],
]
/** Words that some of these headers are expected to have. */
const WORDS = [
  'navigate',
  'cors',
  'same-origin',
  'document',
  'script',
  'empty',
  'text/html',
  'close, x-user-id',
]
export const headers = fc.dictionary(
  fc.constantFrom(...HEADERS),
  fc.oneof({ weight: 3, arbitrary: fieldText }, { weight: 1, arbitrary: fc.constantFrom(...WORDS) }),
  { maxKeys: 8 },
)

/** The JSON of a value in which something, anywhere, is something else. */
export function changed(value: unknown): fc.Arbitrary<string> {
  const nodes = countNodes(value)
  return fc.tuple(fc.nat(nodes - 1), fc.jsonValue({ maxDepth: 2 })).map(([place, other]) => {
    let left = place
    return JSON.stringify(value, (_key, part) => (left-- === 0 ? other : part))
  })
}

function countNodes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return 1 + Object.values(value).reduce((sum: number, part) => sum + countNodes(part), 0)
}
