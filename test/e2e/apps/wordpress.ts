/**
 * An origin with the habits of WordPress and of frameworks that check forms: it knows one host, which it names in every redirect,
 * link and cookie; it answers no other host; and it takes a form only from its own pages.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Origin, startOrigin } from '../harness/origin.ts'

type Page = {
  request: IncomingMessage
  response: ServerResponse
  url: URL
  home: string
  user: string | undefined
}

/** Starts it; it believes to be `http://localhost:PORT/BASE`, whatever stands before it. */
export async function startWordPress(
  name: string,
  base = '',
): Promise<Origin & { home: string; posts: string[] }> {
  const posts: string[] = []
  const origin = await startOrigin(name)
  const { port } = new URL(origin.url)
  const home = `http://localhost:${port}${base}`
  origin.answer(async (request, response) => {
    const url = new URL(request.url ?? '/', home)
    if (request.headers.host !== `localhost:${port}`)
      return void response.writeHead(404).end(`no site ${request.headers.host}`)
    if (!url.pathname.startsWith(`${base}/`)) return void response.writeHead(404).end('no such blog')
    const user = /(?:^|; )wp_user=([^;]*)/.exec(request.headers.cookie ?? '')?.[1]
    await answer({ request, response, url, home, user }, url.pathname.slice(base.length), { name, posts })
  })
  return Object.assign(origin, { home, posts })
}

async function answer(
  page: Page,
  path: string,
  { name, posts }: { name: string; posts: string[] },
): Promise<void> {
  const { request, response, url, home, user } = page
  const body = new URLSearchParams(await textOf(request))
  const isPost = request.method === 'POST'
  if (isPost && !comesFromOwnPage(page)) return void response.writeHead(403).end('cross-site form')
  const show = (text: string, status = 200) =>
    response
      .writeHead(status, {
        'content-type': 'text/html; charset=UTF-8',
        link: `<${home}/wp-json/>; rel="https://api.w.org/"`,
        'x-blog': name,
      })
      .end(`<html><body>${text}</body></html>`)
  const lead = (to: string, cookies: string[] = [], status = 302) =>
    response.writeHead(status, { location: to, 'set-cookie': cookies }).end()
  const cookie = (field: string, more = '') =>
    `${field}; Path=${url.pathname.slice(0, url.pathname.length - path.length)}/; Domain=localhost; HttpOnly${more}`

  if (path === '/wp-login.php' && url.searchParams.get('action') === 'logout')
    return void lead(`${home}/wp-login.php?loggedout=true`, [
      cookie('wp_user=', '; Max-Age=0'),
      cookie('wp_seen=', '; Max-Age=0'),
    ])
  if (path === '/wp-login.php' && isPost) {
    if (!request.headers.cookie?.includes('wp_test=1')) return void show('Cookies are blocked', 400)
    if (body.get('pwd') !== 'secret') return void show('Wrong password', 401)
    return void lead(body.get('redirect_to') ?? `${home}/wp-admin/`, [
      cookie(`wp_user=${body.get('log')}`),
      cookie('wp_seen=1'),
    ])
  }
  if (path === '/wp-login.php') {
    response.setHeader('set-cookie', cookie('wp_test=1'))
    return void show(`login${url.searchParams.has('loggedout') ? ' logged out' : ''}`)
  }
  if (path === '/about') return void lead(`${home}/about/`, [], 301)
  if (path.startsWith('/wp-admin/')) {
    if (!user)
      return void lead(`${home}/wp-login.php?redirect_to=${encodeURIComponent(home + path)}&reauth=1`)
    if (isPost) {
      posts.push(`${user}: ${body.get('title')}`)
      return void lead(`${home}/?p=${posts.length}`)
    }
    return void show(`admin of ${user}`)
  }
  const post = posts[Number(url.searchParams.get('p')) - 1]
  show(post ?? `${path} for ${user ?? 'visitors'}`)
}

/** As Django, Rails, SvelteKit and WordPress compare them. */
function comesFromOwnPage({ request, home }: Page): boolean {
  const { origin } = new URL(home)
  const { referer = '', origin: given } = request.headers
  return given === origin && referer.startsWith(`${home}/`)
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}
