/** Whole journeys through a gate in plain workerd, to apps that know nothing of it: neither side ever loses its visitor. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import type { Origin } from '../harness/origin.ts'
import { type KvServer, type ServedGate, serve, startKv } from '../harness/serve.ts'
import { UserAgent } from './user-agent.ts'
import { startWordPress } from './wordpress.ts'

/** A Worker as its author wrote it for a route that it has alone: absolute redirects, cookies for its host, checked forms. */
const APP = `
const posts = []
const copies = []
const page = (text) => new Response(text, { headers: { 'content-type': 'text/html', 'x-blog': 'worker' } })
export default {
  async fetch(request) {
    const url = new URL(request.url)
    if (request.headers.has('sluice-shadow')) copies.push([request.url, request.headers.get('cookie'), request.headers.get('authorization')])
    if (url.pathname === '/post/copies') return Response.json(copies)
    const user = /(?:^|; )session=([^;]*)/.exec(request.headers.get('cookie') ?? '')?.[1]
    const lead = (path, cookie) => new Response(null, { status: 303, headers: { location: url.origin + path, ...(cookie && { 'set-cookie': cookie }) } })
    const cookie = (field) => field + '; Path=/; HttpOnly; Domain=' + url.hostname
    if (request.method === 'POST' && request.headers.get('origin') !== url.origin) return new Response('cross-site form', { status: 403 })
    if (url.pathname === '/login' && request.method === 'POST') {
      const form = await request.formData()
      return lead('/account', cookie('session=' + form.get('user')))
    }
    if (url.pathname === '/logout') return lead('/login?bye', cookie('session=; Max-Age=0'))
    if (url.pathname === '/login') return page('login' + (url.search && ' logged out'))
    if (url.pathname === '/account' && !user) return lead('/login')
    if (url.pathname === '/account' && request.method === 'POST') {
      posts.push(user + ': ' + (await request.formData()).get('title'))
      return lead('/post/' + posts.length)
    }
    if (url.pathname.startsWith('/post/')) return page(posts[Number(url.pathname.slice(6)) - 1])
    return page(url.pathname === '/account' ? 'account of ' + user : 'home at ' + url.host)
  },
}
`

let blogs: {
  old: Origin & { home: string; posts: string[] }
  new: Origin & { home: string; posts: string[] }
}
let kv: KvServer
let gate: ServedGate

const flag = { variants: { on: true, off: false }, off: 'off' }
const when = [{ attribute: 'header.x-user-id', op: 'starts_with', values: ['new'] }]

beforeAll(async () => {
  blogs = { old: await startWordPress('old'), new: await startWordPress('new', '/blog') }
  kv = await startKv()
  const document = {
    origins: { old: { url: blogs.old.home }, new: { url: blogs.new.home }, worker: { binding: 'APP' } },
    context: { targetingKey: [{ header: 'x-user-id' }] },
    routes: [
      ...['/account/*', '/login/*', '/logout', '/post/*'].map((path) => ({
        path,
        flag: 'app',
        origins: { on: 'worker', off: 'old' },
      })),
      {
        path: '/about/copied/*',
        flag: 'copied',
        origins: { on: 'worker', off: 'old' },
        shadow: { maxRps: 50 },
      },
      { path: '/*', flag: 'blog', origins: { on: 'new', off: 'old' } },
    ],
    flags: {
      blog: { ...flag, rules: [{ when, serve: 'on' }] },
      app: { ...flag, rules: [{ when, serve: 'on' }] },
      copied: {
        ...flag,
        rules: [{ serve: 'on', stages: [{ shadow: 100, bake: '1h' }, { percentage: 50 }] }],
      },
    },
  }
  gate = await serve({ document, kv, workers: { APP } })
})
afterAll(() => Promise.all([gate?.close(), kv?.close(), blogs?.old.close(), blogs?.new.close()]))

describe.each(['old', 'new'] as const)('a blog that names its own host, on the %s side', (side) => {
  const visitor = () => new UserAgent(gate.urls[0] ?? '', { 'x-user-id': `${side}-1` })

  it('keeps its visitor from login to logout', async () => {
    const user = visitor()
    const blog = await user.open('/about')
    expect([blog.text, user.page]).toEqual([
      '<html><body>/about/ for visitors</body></html>',
      `${user.site}/about/`,
    ])
    expect(blog.headers.get('x-blog')).toBe(side)
    expect(blog.headers.get('link')).toBe(`<${user.site}/wp-json/>; rel="https://api.w.org/"`)

    const login = await user.open('/wp-admin/')
    expect(login.text).toContain('login')
    expect(new URL(user.page).pathname).toBe('/wp-login.php')
    const target = new URL(user.page).searchParams.get('redirect_to') ?? ''
    expect((await user.submit('/wp-login.php', { log: 'ada', pwd: 'no' })).status).toBe(401)
    const admin = await user.submit('/wp-login.php', { log: 'ada', pwd: 'secret', redirect_to: target })
    expect([admin.text, user.page]).toEqual([
      '<html><body>admin of ada</body></html>',
      `${user.site}/wp-admin/`,
    ])

    const post = await user.submit('/wp-admin/post.php', { title: `hello ${side}` })
    expect(post.text).toContain(`ada: hello ${side}`)
    expect(blogs[side].posts).toEqual([`ada: hello ${side}`])
    expect((await user.open('/')).text).toContain('/ for ada')

    expect((await user.open('/wp-login.php?action=logout')).text).toContain('logged out')
    expect([user.cookies, user.refused]).toEqual([['wp_test'], []])
    expect((await user.open('/wp-admin/')).text).toContain('login')
  })

  it('refuses a form of another site, whatever the gate translates', async () => {
    const user = new UserAgent(gate.urls[0] ?? '', { 'x-user-id': `${side}-1` })
    user.page = 'https://evil.test/form'
    expect((await user.submit(`${user.site}/wp-login.php`, { log: 'ada', pwd: 'secret' })).status).toBe(403)
  })
})

it('a Worker behind a service binding keeps its visitor from login to logout', async () => {
  const user = new UserAgent(gate.urls[0] ?? '', { 'x-user-id': 'new-1' })
  expect((await user.open('/account')).text).toBe('login')
  expect((await user.submit('/login', { user: 'ada' })).text).toBe('account of ada')
  expect((await user.submit('/account', { title: 'hello' })).text).toBe('ada: hello')
  expect((await user.open('/login')).headers.get('x-blog')).toBe('worker')
  expect((await user.open('/logout')).text).toBe('login logged out')
  expect([user.cookies, user.refused]).toEqual([[], []])
  expect((await user.open('/account')).text).toBe('login')
})

it('a Worker behind a service binding is compared in a shadow stage, and no visitor meets it', async () => {
  const site = gate.urls[0] ?? ''
  const copies = async () =>
    (await (await fetch(`${site}/post/copies`, { headers: { 'x-user-id': 'new-1' } })).json()) as string[][]
  await eventually('a copy arrives', async () => {
    const headers = { 'x-user-id': 'new-1', cookie: 'session=ada', authorization: 'Basic eDp5' }
    const answer = await fetch(`${site}/about/copied/`, { headers })
    expect(answer.headers.get('x-blog')).toBe('old')
    await answer.text()
    return (await copies()).length > 0
  })
  // As a Worker on a route is asked: by the address that the visitor has.
  for (const copy of await copies()) expect(copy).toEqual([`${site}/about/copied/`, null, null])
})
