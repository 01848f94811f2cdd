/**
 * Where a page's head begins, found in its bytes as they arrive.
 *
 * An HTML parser opens the head at the first thing that is not white space, a comment, a doctype or `<html>`, whether
 * there is a `<head>` tag or not. So the place is known within the first bytes, and all later bytes pass unread. Bytes
 * are never decoded: in every charset of the web but UTF-16, tags are ASCII. UTF-16, and what only calls itself HTML,
 * shows no tag here, and gets nothing inserted.
 *
 * A page that declares its charset by a `<meta>` alone must do so early: metadata before the declaration stays before
 * what is inserted. A script never does.
 */

/** Longer beginnings get nothing inserted: they would have to be held in memory. */
const LONGEST_HELD = 65_536
/** What is held is looked through again with each piece that comes; of a page that comes byte by byte, not for ever. */
const MOST_LOOKED_THROUGH = 16 * LONGEST_HELD

const SPACES = /[\t\n\f\r ]+/y
const COMMENT = /<!--(?:-?>|[\s\S]*?--!?>)/y
const DECLARATION = /<(?:!(?!--)|\?)[^>]*>/y
const HTML = /<html(?=[\t\n\f\r />])/iy
const HEAD = /<head(?=[\t\n\f\r />])/iy
const METADATA = /<(?:meta|base|link)(?=[\t\n\f\r />])/iy
const TITLE = /<title(?=[\t\n\f\r />])/iy
const TITLE_END = /<\/title/gi
const DOCTYPE = /<!doctype[\t\n\f\r ]+html\b/iy
const CHARSET = /<meta\b[^>]*charset/iy
/** A tag, as pages without doctype and `<html>` begin with one; roots of XML that servers label as HTML are none. */
const HTML_TAG =
  /<(?!(?:rss|feed|svg|math|urlset|sitemapindex|opml|kml|gpx|plist|xml)[\t\n\f\r />])[a-z][a-z\d-]*(?=[\t\n\f\r />])/iy
const XML = /<\?xml\b/iy
const UTF8_MARK = [0xef, 0xbb, 0xbf] as const

/** One character for each byte. */
const bytewise = new TextDecoder('windows-1252')

/** `more`: not yet; what is before `at` may go on. `here`: insert at this place. `nowhere`: insert nothing. */
export type Found = { kind: 'more' | 'here'; at: number } | { kind: 'nowhere' }

/** Finds the head of one page. */
export class HeadFinder {
  #hasCharset: boolean
  #place: 'start' | 'before' | 'in' = 'start'
  #isHtml = false
  #isXml = false
  #lookedThrough = 0

  /** @param hasCharset whether the page's Content-Type names its charset */
  constructor(hasCharset: boolean) {
    this.#hasCharset = hasCharset
  }

  /** Looks on, in bytes that begin where those before could go on. `isLast`: no more will come. */
  find(bytes: Uint8Array, isLast: boolean): Found {
    this.#lookedThrough += bytes.length
    const start = this.#place === 'start' ? this.#begin(bytes, isLast) : 0
    if (start === undefined) return { kind: 'more', at: 0 }
    const text = bytewise.decode(bytes)
    const found = this.#place === 'in' ? this.#findIn(text, start) : this.#findBefore(text, start)
    if (found.kind !== 'more') return found
    if (isLast)
      return this.#isHtml && found.at === bytes.length ? { ...found, kind: 'here' } : { kind: 'nowhere' }
    const isTooMuch = bytes.length - found.at > LONGEST_HELD || this.#lookedThrough > MOST_LOOKED_THROUGH
    return isTooMuch ? { kind: 'nowhere' } : found
  }

  /** Where the text begins, behind a byte order mark; undefined while that can't be told. */
  #begin(bytes: Uint8Array, isLast: boolean): number | undefined {
    const isMark = UTF8_MARK.every((byte, at) => at >= bytes.length || bytes[at] === byte)
    const isWhole = bytes.length >= UTF8_MARK.length
    if (isMark && !isWhole && !isLast) return undefined
    this.#place = 'before'
    if (!isMark || !isWhole) return 0
    this.#hasCharset = true
    return UTF8_MARK.length
  }

  #findBefore(text: string, start: number): Found {
    let at = start
    for (;;) {
      const end = declarationEnd(text, at) ?? tagEnd(HTML, text, at)
      if (end === UNFINISHED) return { kind: 'more', at }
      if (end === undefined) break
      this.#isHtml ||= isAt(DOCTYPE, text, at) || isAt(HTML, text, at)
      this.#isXml ||= isAt(XML, text, at)
      at = end
    }
    const head = tagEnd(HEAD, text, at)
    if (head === UNFINISHED || isOpen(text, at)) return { kind: 'more', at }
    this.#isHtml ||= !this.#isXml && isAt(HTML_TAG, text, at)
    if (!this.#isHtml) return { kind: 'nowhere' }
    this.#place = 'in'
    return this.#findIn(text, head ?? at)
  }

  #findIn(text: string, start: number): Found {
    let at = start
    while (!this.#hasCharset) {
      const end = metadataEnd(text, at)
      if (end === UNFINISHED || (end === undefined && isOpen(text, at))) return { kind: 'more', at }
      if (end === undefined) break
      this.#hasCharset = isAt(CHARSET, text, at)
      at = end
    }
    return { kind: 'here', at }
  }
}

/** Where a token ends: undefined where no such token begins, UNFINISHED where its end has not come yet. */
type End = number | undefined
const UNFINISHED = -1

function isAt(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at
  return pattern.test(text)
}

function endOf(pattern: RegExp, text: string, at: number): End {
  return isAt(pattern, text, at) ? pattern.lastIndex : undefined
}

/** Whether a tag has begun whose name can't be told yet, or nothing has. */
function isOpen(text: string, at: number): boolean {
  return at === text.length || (text[at] === '<' && !text.includes('>', at))
}

/** White space, a comment, a doctype, or what parsers take for a comment. */
function declarationEnd(text: string, at: number): End {
  const end = endOf(SPACES, text, at) ?? endOf(COMMENT, text, at)
  if (end !== undefined) return end
  return text.startsWith('<!--', at) ? UNFINISHED : endOf(DECLARATION, text, at)
}

function metadataEnd(text: string, at: number): End {
  const end = declarationEnd(text, at) ?? tagEnd(METADATA, text, at)
  if (end !== undefined) return end
  const title = tagEnd(TITLE, text, at)
  if (title === undefined || title === UNFINISHED) return title
  const mark = text.indexOf('>', endOf(TITLE_END, text, title) ?? text.length)
  return mark < 0 ? UNFINISHED : mark + 1
}

/** The end of a start tag, whose attributes' values may hold `>` in quotes. */
function tagEnd(name: RegExp, text: string, start: number): End {
  let at = endOf(name, text, start)
  while (at !== undefined && at < text.length) {
    const character = text[at]
    if (character === '>') return at + 1
    at = character === '=' ? valueEnd(text, at + 1) : at + 1
  }
  return at === undefined ? undefined : UNFINISHED
}

function valueEnd(text: string, start: number): number {
  const at = endOf(SPACES, text, start) ?? start
  const quote = text[at]
  if (quote !== '"' && quote !== "'") return at
  const end = text.indexOf(quote, at + 1)
  return end < 0 ? text.length : end + 1
}
