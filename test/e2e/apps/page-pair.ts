/**
 * One version of an app whose pages go on by themselves, in the four ways of common frameworks: they fetch data in place of a
 * document, and do with an answer of another build what their framework does (React Router, Next, SvelteKit, Inertia).
 */
import type { IncomingMessage } from 'node:http'
import { type Origin, startOrigin } from '../harness/origin.ts'

export const FRAMEWORKS = ['react-router', 'next', 'sveltekit', 'inertia'] as const
export type Framework = (typeof FRAMEWORKS)[number]

/** `posts`: what forms of which version's pages have sent here. */
export type PagePair = Origin & { posts: { name: string; pageVersion: string }[] }

/** @param script what pages load: clients/pages/open-tab.ts as a bundle */
export async function startVersion(version: string, script: string): Promise<PagePair> {
  const posts: PagePair['posts'] = []
  const origin = await startOrigin(version, async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://app')
    const send = (type: string, body: string, status = 200) =>
      response.writeHead(status, { 'content-type': type }).end(body)
    if (pathname === '/page.js') return void send('text/javascript', script)
    if (pathname === '/_app/version.json') return void send('application/json', JSON.stringify({ version }))
    const how = wayOf(request, pathname)
    if (request.method === 'POST') {
      const name = JSON.parse(await textOf(request)) as { name: string; version: string }
      posts.push({ name: name.name, pageVersion: name.version })
    }
    const data = JSON.stringify({ version })
    if (how === 'next') return void send('text/x-component', data)
    if (how === 'inertia') response.setHeader('x-inertia', 'true')
    if (how !== undefined) return void send('application/json', data)
    send('text/html; charset=utf-8', pageOf(version, pathname))
  })
  return Object.assign(origin, { posts })
}

function wayOf({ headers }: IncomingMessage, path: string): Framework | undefined {
  if (path.endsWith('.data')) return 'react-router'
  if (headers.rsc !== undefined || headers['next-action'] !== undefined) return 'next'
  if (path.endsWith('/__data.json') || headers['x-sveltekit-action'] !== undefined) return 'sveltekit'
  return headers['x-inertia'] === undefined ? undefined : 'inertia'
}

const pageOf = (version: string, path: string) => `<!doctype html><html><head><title>${version}</title>
<script>version = ${JSON.stringify(version)}</script><script src="/page.js"></script></head>
<body><p id="at">${path}</p><form><input name="note"><input type="password" name="pin"></form></body></html>`

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}
