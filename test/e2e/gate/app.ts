/**
 * Two versions of an app as build tools make them: files with the hash of their content in the name, which only their
 * own version has, beside some with plain names. Every part says which version it is of.
 */
import { type Answer, type Origin, startOrigin } from '../harness/origin.ts'

export type Version = 'blue' | 'green'

const HASHES: Record<Version, string> = { blue: '3f2a9c1b', green: '77d0e4aa' }

/** What a page shows of the versions of its parts. */
export type Parts = { page: string; style: string; main: string; plain: string; picture: string }
/** What it shows after a click: code that is loaded only then, data in two ways, and a frame. */
export type Late = { chunk: string; worker: string; data: string; xhr: string; frame: string }

const html = (
  version: Version,
) => `<!doctype html><html lang="en" data-version="${version}"><title>${version}</title>
<link rel="stylesheet" href="/assets/style.${HASHES[version]}.css">
<script src="/plain.js"></script>
<script type="module" src="/assets/main.${HASHES[version]}.js"></script>
<img id="picture" src="/assets/logo.${HASHES[version]}.svg" alt="">
<a href="/">home</a> <a href="/cart">cart</a> <a href="/about">about</a>`

/** The main script: `window.parts()` and `window.late()` tell what the page is made of. */
const main = (version: Version) => `
const style = () => getComputedStyle(document.documentElement).getPropertyValue('--version').trim()
const picture = () => new URL(document.getElementById('picture').src).pathname
window.parts = () => ({
  page: document.documentElement.dataset.version, style: style(), main: '${version}', plain: window.plain,
  picture: document.getElementById('picture').naturalWidth > 0 ? picture() : 'missing',
})
let clicks = 0
const worker = (url) => new Promise((resolve, reject) => {
  const started = new Worker(url)
  started.onmessage = ({ data }) => { started.terminate(); resolve(data) }
  started.onerror = reject
})
const xhr = (url) => new Promise((resolve, reject) => {
  const sent = new XMLHttpRequest()
  sent.onload = () => resolve(JSON.parse(sent.responseText).version)
  sent.onerror = reject
  sent.open('GET', url)
  sent.send()
})
const frame = (src) => new Promise((resolve) => {
  const element = document.createElement('iframe')
  element.onload = () => { resolve(element.contentDocument.documentElement.dataset.version); element.remove() }
  element.src = src
  document.body.append(element)
})
window.late = async () => {
  const click = clicks++
  const { chunk } = await import('./late.${HASHES[version]}.js?' + click)
  const data = (await (await fetch('/api/data')).json()).version
  return {
    chunk, data, worker: await worker('/assets/worker.${HASHES[version]}.js?' + click),
    xhr: await xhr('/api/data?' + click), frame: await frame('/frame?' + click),
  }
}
document.documentElement.dataset.ready = 'yes'
`

export async function startApp(version: Version): Promise<Origin> {
  const hash = HASHES[version]
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'
  const files: Record<string, [type: string, text: string]> = {
    [`/assets/style.${hash}.css`]: ['text/css', `:root { --version: ${version} }`],
    [`/assets/main.${hash}.js`]: ['text/javascript', main(version)],
    [`/assets/late.${hash}.js`]: ['text/javascript', `export const chunk = '${version}'`],
    [`/assets/worker.${hash}.js`]: ['text/javascript', `postMessage('${version}')`],
    '/frame': ['text/html', `<!doctype html><html lang="en" data-version="${version}"><title>frame</title>`],
    [`/assets/logo.${hash}.svg`]: ['image/svg+xml', svg],
    // As apps have them that want to be installed: all goes on to the network.
    '/worker.js': [
      'text/javascript',
      `addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
addEventListener('fetch', (event) => event.respondWith(fetch(event.request)))`,
    ],
    '/plain.js': ['text/javascript', `window.plain = '${version}'`],
    '/api/data': ['application/json', JSON.stringify({ version })],
    '/favicon.ico': ['image/svg+xml', svg],
    ...Object.fromEntries(['/', '/cart', '/about'].map((path) => [path, ['text/html', html(version)]])),
  }
  const answer: Answer = (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://app')
    const file = files[pathname]
    if (file === undefined) return void response.writeHead(404).end('no such file')
    const cacheControl = pathname.startsWith('/assets/')
      ? 'public, max-age=31536000, immutable'
      : 'public, max-age=60'
    response.writeHead(200, { 'content-type': file[0], 'cache-control': cacheControl }).end(file[1])
  }
  return await startOrigin(version, answer)
}

/** Where the picture of a version is. */
export const pictureOf = (version: string) => `/assets/logo.${HASHES[version as Version]}.svg`
