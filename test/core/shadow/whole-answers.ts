/** Answers whose fields are pinned whole by `test/vectors/shadow/answers.json`: one of each kind, and some at the limits. */
import type { ShadowAnswer } from '../../../src/core/shadow/answer.ts'
import type { Comparison } from '../../../src/core/shadow/compare.ts'
import { NO_SHADOW, stepShadow } from '../../../src/core/shadow/evidence.ts'
import { readInSteps } from '../../../src/core/shadow/read-answer.ts'
import { findingsOf, placesOf, shadowSummary, shadowVerdict } from '../../../src/core/shadow/verdict.ts'
import { shadowSentence } from '../../../src/core/shadow/words.ts'

const RULES = { hosts: ['shop.test'], keys: { '$.rows': 'id' } }

const BLOCKS = [
  ...[
    'h1',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'p',
    'li',
    'td',
    'th',
    'dt',
    'dd',
    'pre',
    'blockquote',
    'figcaption',
  ],
  ...['button', 'label', 'option', 'legend', 'caption', 'summary', 'address', 'span'],
]
const LANDMARKS = ['header', 'nav', 'main', 'aside', 'footer', 'form', 'dialog', 'section']

const PAGE = `<!DOCTYPE html>
<HTML><head><title> The Shop </title>
<META NAME="Description" CONTENT="tea and &lt;b&gt;"><meta property="og:url" content="https://shop.test/p">
<meta http-equiv="refresh" content="5"><meta charset="utf-8"><meta name="empty">
<link rel="stylesheet" href="/assets/main-3f2a9c1b.css"><script src="/app.js?v=3"></script>
<script type="application/json" id="state">{"a": [1, 2]}</script><script type="application/ld+json"> {"b": true} </script>
<script type="application/json">{broken</script><script> load("/x/4bd1b696aa.js", "4bd1b69") </script><script>  </script>
<style> p { color: red } </style><noscript> no script </noscript><template><p>t</p></template></head>
<body>loose
<HEADER><nav>menu</nav>in header</HEADER>
<main><h1>Tea</h1><p>one
 two</p>after<dialog><p>sure?</p></dialog><aside>side</aside></p></main>
<A HREF=' https://SHOP.test/cart '>x</A><area href="/map"><img SRC=/i.png src="/second.png"><iframe src="//shop.test"></iframe>
<video src="/v.mp4"><source src="/s.mp4"></video><img src="/img/4bd1b696aa.png#a"><a href="/assets/4bd1b696aa.png">y</a>
<form METHOD="POST" action="https://shop.test/pay?x=1"><INPUT name=card><input NAME='cvc'><button name="go">Pay</button>
<textarea name="note"> words </textarea></form><input name="outside"><form><input name=q></form>
<!-- a comment --><![CDATA[ data ]]></form><a href=" /spaced ">z</a>
</main></header>end</body></html>`

type Body = { type?: string; text: string; bytes?: number; headers?: [string, string][] }

const HEADERS = [
  ...[
    'content-language',
    'content-disposition',
    'cache-control',
    'vary',
    'refresh',
    'content-security-policy',
  ],
  ...[
    'content-security-policy-report-only',
    'strict-transport-security',
    'x-frame-options',
    'referrer-policy',
  ],
  ...['x-content-type-options', 'permissions-policy', 'x-robots-tag', 'cross-origin-opener-policy'],
  ...['cross-origin-embedder-policy', 'cross-origin-resource-policy', 'access-control-allow-origin'],
  ...['access-control-allow-credentials', 'www-authenticate', 'deprecation', 'date', 'etag', 'x-powered-by'],
]

const nested = (depth: number, leaf: unknown, around: (value: unknown) => unknown) => {
  let value = leaf
  for (let level = 0; level < depth; level++) value = around(value)
  return JSON.stringify(value)
}
const ofType = (type: string) => (text: string) => ({ type, text })
const [html, json, plain, script] = ['text/html', 'application/json', 'text/plain', 'text/javascript'].map(
  ofType,
) as [
  ...[ReturnType<typeof ofType>, ReturnType<typeof ofType>],
  ...[ReturnType<typeof ofType>, ReturnType<typeof ofType>],
]
const lines = (count: number) => Array.from({ length: count }, (_, n) => `line ${n % 700}`).join('\n')
const objectOf = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n])))

export const WHOLE_ANSWERS: Readonly<Record<string, Body>> = {
  'a page': { type: 'text/html; charset=utf-8', text: PAGE, headers: [['location', 'https://shop.test/x']] },
  'every block': html(BLOCKS.map((tag) => `<${tag}>in ${tag}</${tag}>after ${tag}`).join('')),
  'every landmark': html(LANDMARKS.map((tag) => `<${tag}>in ${tag}<p>x</p></${tag}>after ${tag}`).join('')),
  'as many tags without an end as are read': html(`<p>a</p>${'<!-- '.repeat(20)}<b>after</b>`),
  'one more of them': html(`<p>a</p>${'<!-- '.repeat(21)}<b>after</b>`),
  'objects as deep as is read': json(nested(12, { leaf: 1 }, (d) => ({ d }))),
  'objects that are deeper': json(nested(13, { leaf: 1 }, (d) => ({ d }))),
  'lists as deep as is read': json(nested(12, [1], (value) => [value])),
  'lists that are deeper': json(nested(13, [1], (value) => [value])),
  'a list with a key': {
    type: 'application/problem+json',
    text: JSON.stringify({
      rows: [{ id: 7, n: 1, tags: [] }, { n: 2 }, null, 'x', [3]],
      ...{ 'odd name': { '': 0 }, none: {} },
    }),
  },
  'headers and cookies': {
    ...plain(' a \nb\n\n'),
    headers: [
      ...HEADERS.map((name): [string, string] => [name, `of 'nonce-abc' ${name}`]),
      ['set-cookie', ' sid =abc=1; Path=/; EXPIRES=Wed; HttpOnly'],
      ['set-cookie', 'bare'],
      ['location', 'HTTPS://Shop.Test'],
    ],
  },
  'code with names of a build': script(
    'import "./assets/index-BkT3x9aQ.js"; a("/static/js/main.3f2a9c1b.js?x"); id = "AbcdefghIjklmnop1"; b = "0a1b2c3"; c = "fedcbaa"; d = "1234567"',
  ),
  '256 values of a field': plain(lines(256)),
  '257 values of a field': plain(lines(257)),
  '2,048 values of a field': plain(lines(2_048)),
  '2,049 values of a field': plain(lines(2_049)),
  '63 fields': json(objectOf(60)),
  'more than 64 fields': json(objectOf(65)),
  'names and values as long as may be': json(JSON.stringify({ ['n'.repeat(120)]: 'v'.repeat(98) })),
  'names and values one longer': json(JSON.stringify({ ['n'.repeat(121)]: 'v'.repeat(99) })),
  bytes: { type: 'image/png', text: '#hash', bytes: 17 },
  'a text of no type': { text: 'a\nb' },
  'JSON that is one value': json('5'),
  'long code': script('const some = "words"; '.repeat(2_000)),
  'long JSON': json(JSON.stringify(Array.from({ length: 900 }, (_, n) => ({ n, text: 'some words' })))),
}

/** The fields, and in how many steps they were read. */
export function wholeAnswer({ type, text, bytes, headers = [] }: Body): { steps: number; fields: object } {
  const answer: ShadowAnswer = {
    status: 201,
    body: bytes === undefined ? { kind: 'text', text } : { kind: 'bytes', bytes, hash: text },
    headers: type === undefined ? headers : [['content-type', type], ...headers],
  }
  const reading = readInSteps(answer, RULES)
  for (let steps = 0; ; steps++) {
    const { done, value } = reading.next()
    if (done)
      return { steps, fields: Object.fromEntries([...value].map(([name, values]) => [name, folded(values)])) }
  }
}

/** Of many values the first and the last. */
function folded(values: readonly string[]): readonly string[] {
  return values.length > 60 ? [...values.slice(0, 2), `${values.length}`, ...values.slice(-2)] : values
}

type Sides = (n: number) => Partial<Comparison>

/** So many requests of each of some groups of networks; what differs may depend on how many there were before. */
const VERDICTS: readonly (readonly [name: string, groups: readonly number[], each: number, sides: Sides])[] =
  [
    ['the same in three groups', [1, 2, 3], 80, () => ({})],
    ['the same in four', [1, 2, 3, 4], 80, () => ({})],
    ['the same in two', [1, 2], 90, () => ({})],
    ['the same, of no network', [0], 200, () => ({})],
    [
      'the same but for some',
      ...([[1, 2, 3, 4, 5], 60] as const),
      (n) => (n % 9 === 0 ? { canaryOnly: ['f'] } : n % 7 === 0 ? { controlOnly: ['g'] } : {}),
    ],
    [
      'noisy',
      [1, 2, 3],
      60,
      (n) => (n % 3 === 0 ? { controlOnly: ['g'] } : { both: ['g'], canaryOnly: ['h'] }),
    ],
    ['different in one field', [1, 2, 3], 12, () => ({ canaryOnly: ['f'] })],
    ['different in the status', [1, 2, 3], 5, () => ({ canaryOnly: ['status'] })],
    ['different in two groups', [1, 2], 12, () => ({ canaryOnly: ['status'] })],
    [
      'different on some routes',
      [1, 2, 3, 4],
      40,
      (n) => ({ route: `GET /${n % 3}`, canaryOnly: n % 3 ? ['f'] : [] }),
    ],
  ]

/** Verdict, places and words of each. */
export function pinnedVerdicts(): unknown[] {
  const settings = { alpha: 0.01, beta: 0.05, delta: 0.02 }
  return VERDICTS.map(([name, groups, each, sides]) => {
    let state = NO_SHADOW
    for (let n = 0; n < each; n++)
      for (const group of groups) {
        const none = { route: 'GET /', canaryOnly: [], controlOnly: [], both: [] }
        state = stepShadow(state, { ...none, ...sides(n), group }, settings)
      }
    const verdict = shadowVerdict(state, settings)
    const [places, findings] = [placesOf(state, settings), findingsOf(state, settings)]
    const found = { verdict, places, findings: findings.length, summary: shadowSummary(state, settings) }
    return rounded({ name, ...found, said: shadowSentence(verdict, state, settings) })
  })
}

const rounded = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each) => (typeof each === 'number' ? Number(each.toPrecision(7)) : each)),
  )
