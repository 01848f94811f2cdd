/** The visitor that the options describe: `--key`, `--attribute`, `--request` and so on. */
import type { Visitor } from '../../contract/requests.ts'
import { isExactNumber } from '../../core/config/parse/exact.ts'
import type { Scalar } from '../../core/context/attributes.ts'
import { ownOf } from '../../core/json-object.ts'
import type { OptionSpec } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import type { Options } from '../base/options.ts'

export const VISITOR_OPTIONS: readonly OptionSpec[] = [
  { flags: '-k, --key ID', summary: 'targeting key, which identifies the visitor' },
  {
    flags: '-a, --attribute NAME=VALUE',
    summary: 'an attribute, such as country=RO; repeat it for a list',
    kind: 'list',
  },
  { flags: '-r, --request URL', summary: 'a request for this URL or path; tells its origin as well' },
  { flags: '--method METHOD', summary: 'method of the request (GET)' },
  {
    flags: '-H, --header NAME=VALUE',
    summary: 'a header of the request, also as "Name: value"',
    kind: 'list',
  },
  { flags: '--cf NAME=VALUE', summary: 'a field of request.cf, such as country=RO', kind: 'list' },
  { flags: '--claim NAME=VALUE', summary: 'a claim of a verified token', kind: 'list' },
]

const OF_A_REQUEST = ['method', 'header', 'cf', 'claim'] as const
const ANY_ORIGIN = 'https://example.com'

export function visitorIn(options: Options): Visitor {
  const key = options.text('key')
  const visitor = { attributes: attributesIn(options.list('attribute')), ...(key && { targetingKey: key }) }
  const url = options.text('request')
  if (url === undefined) {
    const stray = OF_A_REQUEST.find(
      (name) => options.text(name) !== undefined || options.list(name).length > 0,
    )
    if (stray !== undefined) throw new UsageError(`--${stray} must be used with a request: add --request URL`)
    return visitor
  }
  const request = {
    url: checkedUrl(url),
    method: options.text('method')?.toUpperCase() ?? 'GET',
    headers: headersIn(options.list('header')),
    cf: Object.fromEntries(
      Object.entries(options.pairs('cf')).map(([name, text]) => [name, cfValue(name, text)]),
    ),
    claims: options.pairs('claim'),
  }
  return { ...visitor, request }
}

function checkedUrl(text: string): string {
  try {
    return new URL(text, ANY_ORIGIN).href
  } catch {
    throw new UsageError(`--request must be a URL or a path, not ${text}`)
  }
}

/** `age=42` is a number, `beta=true` is true, `id="42"` is a text, `role=a` with `role=b` is a list. */
export function attributesIn(pairs: readonly string[]): Record<string, Scalar | Scalar[]> {
  const attributes: Record<string, Scalar | Scalar[]> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) throw new UsageError(`--attribute must be NAME=VALUE, not ${pair}`)
    const name = pair.slice(0, at)
    const value = scalarIn(name, pair.slice(at + 1))
    const known = ownOf(attributes, name)
    attributes[name] = known === undefined ? value : [known, value].flat()
  }
  return attributes
}

/** In double quotes it is a text, whatever it looks like. */
function scalarIn(name: string, text: string): Scalar {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^".*"$/s.test(text)) return text.slice(1, -1)
  if (!/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)) return text
  if (isExactNumber(text)) return Number(text)
  throw new UsageError(
    `--attribute ${name} must be a whole number up to ${Number.MAX_SAFE_INTEGER}, or a text: '${name}="${text}"'`,
  )
}

function headersIn(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([^\s:=]+)\s*[:=]\s*(.*)$/.exec(line) ?? []
      if (name !== undefined && value !== undefined) return [name, value]
      throw new UsageError(`--header must be NAME=VALUE or "Name: value", not ${line}`)
    }),
  )
}

/** Cloudflare gives `asn` as a number. */
function cfValue(name: string, text: string): string | number {
  return name === 'asn' && /^\d+$/.test(text) ? Number(text) : text
}
