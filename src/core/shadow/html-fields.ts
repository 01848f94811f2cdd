/**
 * HTML by its skeleton: tags, links, forms, scripts, and the visible text by the kind of block that holds it. One pass
 * over pages of any quality: not a parser, but all answers are read the same way.
 */
import { quotedName } from '../plain-text.ts'
import type { ReadingRules } from './answer.ts'
import { withoutBuildIds, withoutBuildIdsInSteps, withoutBuildNames } from './build-names.ts'
import { type FieldList, hashOf, type Steps } from './fields.ts'
import { addJson, parsedJson } from './json-fields.ts'

/** What begins without an end goes up to the end of the text: looking for it again from each `<` takes seconds. */
const TOKEN =
  /<!--[\s\S]*?(-->|$)|<!\[CDATA\[[\s\S]*?(\]\]>|$)|<(\/?)([a-zA-Z][\w:-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)(>?)|[^<]+|</g
/** What has no end is read as text, this many times; behind it there is no page. */
const MOST_UNENDED = 20
const ATTRIBUTE = /([^\s=/"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g
/** Elements whose content is text whatever it looks like. */
const RAW = new Set(['script', 'style', 'textarea', 'title', 'noscript', 'template'])
/** Parts of a page that give a text its place. */
const LANDMARKS = new Set(['header', 'nav', 'main', 'aside', 'footer', 'form', 'dialog'])
const BLOCKS = new Set([
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
  ...['button', 'label', 'option', 'legend', 'caption', 'summary', 'address'],
])
/** Addresses by the element and the attribute that holds them. */
const ADDRESSES: Readonly<Record<string, readonly [attribute: string, field: string]>> = {
  a: ['href', 'html links'],
  area: ['href', 'html links'],
  link: ['href', 'html link elements'],
  script: ['src', 'html scripts'],
  img: ['src', 'html images'],
  iframe: ['src', 'html frames'],
  source: ['src', 'html media'],
  video: ['src', 'html media'],
}

/** Elements whose attributes matter wherever they stand. */
const ATTRIBUTED = new Set([...Object.keys(ADDRESSES), ...RAW, 'meta', 'form'])

type Attributes = ReadonlyMap<string, string>
const NONE: Attributes = new Map()

/** Adds the fields of a page. */
export function addHtml(fields: FieldList, text: string, rules: ReadingRules): Steps {
  return new Page(fields, rules).read(text)
}

class Page {
  readonly #fields: FieldList
  readonly #rules: ReadingRules
  readonly #tags = new Map<string, number>()
  readonly #landmarks: string[] = []
  #block = 'text'
  #structure = ''
  #form: string[] | undefined

  constructor(fields: FieldList, rules: ReadingRules) {
    this.#fields = fields
    this.#rules = rules
  }

  *read(text: string): Steps {
    const tokens = new RegExp(TOKEN)
    let unended = 0
    for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
      const [token, commentEnd, dataEnd, closing, tagName, rest, tagEnd] = found
      if ((commentEnd ?? dataEnd ?? tagEnd) === '') {
        if (++unended > MOST_UNENDED) break
        tokens.lastIndex = found.index + 1
        continue
      }
      const name = tagName?.toLowerCase()
      this.#fields.spend(token.length)
      if (this.#fields.isStep()) yield
      if (name === undefined) {
        if (!token.startsWith('<')) this.#text(token)
      } else if (closing === '/') this.#close(name)
      else {
        const matters = ATTRIBUTED.has(name) || this.#form !== undefined
        const attributes = matters ? attributesIn(rest ?? '') : NONE
        this.#open(name, attributes)
        if (RAW.has(name)) {
          const end = endOf(text, name, tokens.lastIndex)
          yield* this.#raw(name, attributes, text.slice(tokens.lastIndex, end))
          tokens.lastIndex = end
        }
      }
    }
    for (const [name, count] of this.#tags) this.#fields.add('html tags', `${name} × ${count}`)
    this.#fields.add('html structure', hashOf(this.#structure))
  }

  #open(name: string, attributes: Attributes): void {
    this.#tags.set(name, (this.#tags.get(name) ?? 0) + 1)
    this.#structure += `<${name}`
    if (LANDMARKS.has(name)) this.#landmarks.push(name)
    if (BLOCKS.has(name)) this.#block = name
    const [attribute, field] = ADDRESSES[name] ?? []
    const address = attribute === undefined ? undefined : attributes.get(attribute)
    if (field !== undefined && address !== undefined) this.#fields.add(field, this.#addressOf(name, address))
    if (name === 'meta') this.#meta(attributes)
    if (name === 'form')
      this.#form = [
        (attributes.get('method') ?? 'get').toLowerCase(),
        this.#translated(attributes.get('action') ?? ''),
      ]
    const field_ = attributes.get('name')
    if (this.#form !== undefined && field_ !== undefined && name !== 'form') this.#form.push(field_)
  }

  #close(name: string): void {
    this.#structure += '>'
    if (this.#landmarks.at(-1) === name) this.#landmarks.pop()
    if (name === this.#block) this.#block = 'text'
    if (name === 'form' && this.#form !== undefined) {
      this.#fields.add('html forms', this.#form.join(' '))
      this.#form = undefined
    }
  }

  #text(text: string): void {
    const words = text.trim()
    if (words === '') return
    const landmark = this.#landmarks.at(-1)
    const place = landmark === undefined ? this.#block : `${landmark} ${this.#block}`
    this.#fields.add(`html text ${place}`, words.replace(/\s+/g, ' '))
  }

  *#raw(name: string, attributes: Attributes, content: string): Steps {
    const text = content.trim()
    const type = attributes.get('type') ?? ''
    if (text === '') return
    if (name === 'script' && type.includes('json')) yield* this.#json(attributes.get('id') ?? type, text)
    else if (name === 'script' || name === 'style')
      this.#fields.add(`html inline ${name}`, hashOf(yield* withoutBuildIdsInSteps(content, this.#fields)))
    else this.#fields.add(`html ${name}`, text)
  }

  *#json(name: string, text: string): Steps {
    const root = `html json ${quotedName(name)} $`
    const value = parsedJson(yield* withoutBuildIdsInSteps(text, this.#fields))
    if (value === undefined) this.#fields.add(root, hashOf(text))
    else yield* addJson(this.#fields, value, root, this.#rules.keys ?? {})
  }

  #meta(attributes: Attributes): void {
    const name = attributes.get('name') ?? attributes.get('property') ?? attributes.get('http-equiv')
    if (name !== undefined)
      this.#fields.add(
        `html meta ${quotedName(name.toLowerCase())}`,
        withoutBuildIds(this.#translated(attributes.get('content') ?? '')),
      )
  }

  /** Links of visitors are what they are; files are what the build calls them. */
  #addressOf(element: string, address: string): string {
    const own = this.#translated(address)
    return element === 'a' || element === 'area' ? own : withoutBuildNames(own)
  }

  #translated(address: string): string {
    return translated(address, this.#rules.hosts)
  }
}

/** An address on one of the hosts of this site, without the host. */
export function translated(address: string, hosts: readonly string[]): string {
  const [, host, rest] = /^(?:https?:)?\/\/([^/?#]*)(.*)$/is.exec(address.trim()) ?? []
  if (host === undefined || rest === undefined || !hosts.includes(host.toLowerCase())) return address.trim()
  return rest === '' ? '/' : rest
}

function attributesIn(text: string): Attributes {
  const attributes = new Map<string, string>()
  for (const [, name = '', double, single, bare] of text.matchAll(ATTRIBUTE)) {
    const key = name.toLowerCase()
    if (!attributes.has(key)) attributes.set(key, double ?? single ?? bare ?? '')
  }
  return attributes
}

/** Where the content of a raw element ends. */
function endOf(text: string, name: string, from: number): number {
  const end = new RegExp(`</${name}[\\s/>]`, 'gi')
  end.lastIndex = from
  return end.exec(text)?.index ?? text.length
}
