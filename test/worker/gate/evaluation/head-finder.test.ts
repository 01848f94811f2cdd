import { describe, expect, it } from 'vitest'
import { HeadFinder } from '../../../../src/gate/evaluation/head-finder.ts'

const bytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** The page with a `|` where the finder says, fed in these pieces. */
function marked(pieces: readonly string[], hasCharset = true): string {
  const finder = new HeadFinder(hasCharset)
  let passed = ''
  let held = ''
  for (const [index, piece] of [...pieces, ''].entries()) {
    held += piece
    const found = finder.find(bytesOf(held), index === pieces.length)
    if (found.kind === 'nowhere') return passed + held + pieces.slice(index + 1).join('')
    passed += held.slice(0, found.at)
    held = held.slice(found.at)
    if (found.kind === 'here') return `${passed}|${held}${pieces.slice(index + 1).join('')}`
  }
  return passed + held
}

/** Pages, with a `|` where the head begins. */
const PAGES = [
  '<!DOCTYPE html><html><head>|<title>x</title></head><body></body></html>',
  '<HTML LANG=en><HEAD PROFILE="a>b" data-x = \'>\'>|<meta charset=utf-8>',
  '\n<!-- a > b --><!doctype html>\n<!-- <head> -->\n<html data-a="<head>">\n<head>|',
  '<!--><html><head/>|x',
  '<!---><html><head >|x',
  '<!-- a --!><html><head>|x',
  '<html>|<body><p>x',
  '<!DOCTYPE html>|text',
  '<!doctype html>|</head>x',
  '<!DOCTYPE html>\n|<title>x</title><p>y',
  '|<p>x',
  '|<h1>x</h1>',
  '|<my-app></my-app>',
  '|<header>x</header>',
  '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html xmlns="x"><head>|',
  '\u00ef\u00bb\u00bf<!DOCTYPE html><head>|',
  '<!DOCTYPE html>|',
  '<!DOCTYPE html><html>|<frameset>',
] as const

/** What calls itself HTML, and gets nothing. */
const NO_PAGES = [
  '',
  ' ',
  'x',
  'Hello <b>you</b>',
  '{"a":"<head>"}',
  '<',
  '<!',
  '<!-- open <head>',
  '<?xml version="1.0"?><rss><channel></channel></rss>',
  '<!DOCTYPE svg><svg></svg>',
  '<!DOCTYPE htmlx><feed></feed>',
  '<svg><head></head></svg>',
  '<rss version="2.0">',
  '<feed xmlns="http://www.w3.org/2005/Atom">',
  '<rdf:RDF>',
  '<?xml version="1.0"?><catalog>',
  '\u00ff\u00fe<\0h\0t\0m\0l\0>\0<\0h\0e\0a\0d\0>\0',
  '\u00fe\u00ff\0<\0h\0t\0m\0l\0>\0<\0h\0e\0a\0d\0>',
  '<\0!\0D\0O\0C\0T\0Y\0P\0E\0>\0',
  '\u0089PNG\r\n\u001a\n<head>',
  '%PDF-1.7 <html><head>',
  '\u001f\u008b\u0008<html><head>',
] as const

/** Without a charset in the header: what declares it stays in front. */
const UNDECLARED = [
  '<html><head><meta charset=utf-8>|<title>x</title>',
  '<head>\n<!-- x --><title>a <b></title><meta name=a content=">"><base href=/><meta content="a; charset=big5">|<script>',
  '<head><title>x</title>|<script src=a></script><meta charset=utf-8>',
  '<!doctype html><meta charset=utf-8>|<p>x',
  '<meta CHARSET=utf-8>|<p>x',
  '<title>x</title>|<p>y',
  '\u00ef\u00bb\u00bf<head>|<meta charset=utf-8>',
  '<head>|</head><meta charset=utf-8>',
  '<head><link rel=a>|',
  '<head>|text',
] as const

describe('the head of a page', () => {
  it.each(PAGES)('begins at the bar: %s', (page) => {
    expect(marked([page.replace('|', '')])).toBe(page)
  })

  it.each(UNDECLARED)('begins behind the charset of a page that declares it itself: %s', (page) => {
    expect(marked([page.replace('|', '')], false)).toBe(page)
  })

  it.each(NO_PAGES)('is nowhere in what is no page: %j', (text) => {
    expect([marked([text]), marked([text], false)]).toEqual([text, text])
  })

  it('is found at the same place wherever the pieces are cut', () => {
    const all = [
      ...PAGES.map((page) => ({ page, hasCharset: true })),
      ...UNDECLARED.map((page) => ({ page, hasCharset: false })),
      ...NO_PAGES.map((page) => ({ page, hasCharset: false })),
    ]
    for (const { page, hasCharset } of all) {
      const text = page.replace('|', '')
      const whole = marked([text], hasCharset)
      expect(marked([...text], hasCharset), page).toBe(whole)
      for (let cut = 1; cut < text.length; cut++)
        expect(marked([text.slice(0, cut), text.slice(cut)], hasCharset), `${page} at ${cut}`).toBe(whole)
    }
  })

  it('lets what is in front of it pass before the rest comes', () => {
    const finder = new HeadFinder(true)
    expect(finder.find(bytesOf('<!DOCTYPE html><html><he'), false)).toEqual({ kind: 'more', at: 21 })
    expect(finder.find(bytesOf('<head>'), false)).toEqual({ kind: 'here', at: 6 })
  })

  it('is given up after 64 kB of one comment', () => {
    const open = (length: number) =>
      new HeadFinder(true).find(bytesOf(`<html><!--${'x'.repeat(length)}`), false).kind
    expect([open(65_536 - 4), open(65_536 - 3)]).toEqual(['more', 'nowhere'])
  })

  it('takes no longer for tags without an end', () => {
    const text = `<html ${'a '.repeat(15_000)}${'b'.repeat(15_000)}${'="'.repeat(5_000)}`
    expect(new HeadFinder(true).find(bytesOf(text), false)).toEqual({ kind: 'more', at: 0 })
  })
})
