/** `sluice check --live`: what origins say to the gate, and what to do where visitors would not be served. */

import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { emptyFolder, sluice } from './gate/support.ts'

async function serve(answer: RequestListener, options: ServerOptions = {}): Promise<string> {
  const server = createServer(options, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

type Origin = Record<string, unknown>

async function look(origin: Origin, { vars = '', args = [] as string[], format = '--json' } = {}) {
  const cwd = await emptyFolder()
  const document = { origins: { old: origin }, routes: [{ path: '/*', origin: 'old' }] }
  await writeFile(join(cwd, 'gate.json'), JSON.stringify(document))
  if (vars !== '') await writeFile(join(cwd, '.dev.vars'), vars)
  const { code, out, err } = await sluice(['check', '--live', ...args, ...(format ? [format] : [])], { cwd })
  const findings: Finding[] = format ? (JSON.parse(out).live ?? []) : []
  return { code, out, err, findings, said: findings.map(({ level, text }) => `${level}: ${text}`).join('\n') }
}

const asking = async (answer: RequestListener, more: Origin = {}) =>
  look({ url: await serve(answer), ...more })

describe('an origin', () => {
  it('that serves visitors well is said to, with what it takes', async () => {
    const { code, findings, said } = await asking((_, response) => response.end('hello'))
    expect([code, findings.filter(({ level }) => level !== 'ok')]).toEqual([0, []])
    expect(said).toMatch(/answers 200/)
    expect(said).toMatch(/takes headers of (?:8|16) kB/)
  })

  it('that is away, or speaks no TLS, is a fault', async () => {
    expect(await look({ url: 'http://localhost:1' })).toMatchObject({
      code: 1,
      said: expect.stringMatching(/fault: .*cannot be reached/),
    })
    const plain = (await serve((_, response) => response.end())).replace('http:', 'https:')
    const { code, findings } = await look({ url: plain })
    expect([code, findings[0]?.fix]).toEqual([1, expect.stringContaining('certificate')])
  })

  it('that fails is a fault, one that asks who it is a warning', async () => {
    expect((await asking((_, response) => response.writeHead(503).end())).said).toContain('fault: ')
    const { code, said } = await asking((_, response) => response.writeHead(403).end())
    expect([code, said]).toEqual([0, expect.stringMatching(/warning: .*answers 403/)])
  })

  it('that Cloudflare answers for is told by the code, wherever the answer has one', async () => {
    const saying = (status: number, body: string) =>
      asking((_, response) => response.writeHead(status, { 'content-type': 'text/plain' }).end(body))
    const { code, findings } = await saying(404, 'error code: 1042')
    expect([code, findings[0]]).toMatchObject([
      1,
      { text: expect.stringContaining("Cloudflare's error 1042"), fix: expect.stringContaining('binding') },
    ])
    expect((await saying(530, 'error code: 1033')).said).toContain('its tunnel is down')
    // A page that speaks of such an error, an unknown code, and an error without a body.
    for (const [status, body] of [
      [200, 'error code: 1042'],
      [404, 'error code: 1999'],
      [404, ''],
    ] as const)
      expect((await saying(status, body)).said).not.toContain("Cloudflare's error")
  })

  it('behind Cloudflare Access is told so, with what lets the gate in', async () => {
    for (const location of [
      'https://acme.cloudflareaccess.com/cdn-cgi/access/login/new.example.com?kid=1',
      '/cdn-cgi/access/login/new.example.com',
    ]) {
      const found = await asking((_, response) => response.writeHead(302, { location }).end())
      expect([found.code, found.said]).toEqual([
        1,
        expect.stringMatching(/fault: .* is behind Cloudflare Access/),
      ])
      expect(found.findings.map(({ fix }) => fix)).toContainEqual(expect.stringContaining('service token'))
      expect(found.said).not.toContain('they would leave the gate')
    }
  })

  it('gets its headers, with secrets of the folder, and the site’s host', async () => {
    const asked: (string | undefined)[] = []
    const url = await serve(({ headers }, response) => {
      asked.push(headers['x-key'] as string, headers['x-forwarded-host'] as string)
      response.end()
    })
    const headers = { 'X-Key': { secret: 'ORIGIN_KEY' } }
    await look({ url, headers }, { vars: 'ORIGIN_KEY=hush\nSIGNING_KEY=k\n', args: ['--host', 'shop.test'] })
    expect(asked.slice(0, 2)).toEqual(['hush', 'shop.test'])
    expect((await look({ url, headers })).said).toContain('ORIGIN_KEY is not known here')
  })

  it('that insists on a host is said to', async () => {
    const canonical = await asking(({ headers }, response) => {
      if (headers.host?.startsWith('localhost')) response.end()
      else response.writeHead(301, { location: `http://localhost:${headers.host}/` }).end()
    })
    expect(canonical.said).not.toContain('preserve')
    const strict = await asking(({ headers }, response) =>
      response.writeHead(headers.host?.startsWith('localhost') ? 200 : 404).end(),
    )
    expect([strict.code, strict.said]).toEqual([0, expect.stringContaining('insists on its own host')])
    const virtual = await asking(({ headers }, response) =>
      response.writeHead(headers.host === 'www.example.com' ? 200 : 404).end(),
    )
    expect(virtual.findings).toContainEqual(
      expect.objectContaining({ level: 'warning', fix: 'set "host": "preserve"' }),
    )
    const other = await asking(
      ({ headers }, response) => response.writeHead(headers.host?.startsWith('localhost') ? 200 : 404).end(),
      { host: 'preserve' },
    )
    expect(other).toMatchObject({
      code: 1,
      said: expect.stringContaining('fault: it answers 404 for the host www.example.com'),
    })
  })

  it.each<[string, (host: string) => string, Origin, string]>([
    ['another host', () => 'https://elsewhere.test/', {}, 'warning: .*leave the gate'],
    ['https of itself', (host) => `https://${host}/`, {}, 'fault: .*another name of itself'],
    [
      'a page, absolutely, without translation',
      (host) => `http://${host}/home`,
      { rewrite: false },
      'warning: .*leave the gate',
    ],
  ])('that redirects to %s is found', async (_, to, more, said) => {
    const { said: all } = await asking(({ headers, url }, response) => {
      if (url === '/home') response.end()
      else response.writeHead(302, { location: to(headers.host ?? '') }).end()
    }, more)
    expect(all).toMatch(new RegExp(said))
  })

  it('that redirects to one of its pages is no matter, and a cycle is', async () => {
    const page = await asking(({ headers, url }, response) => {
      if (url === '/home') response.end()
      else response.writeHead(302, { location: `http://${headers.host}/home` }).end()
    })
    expect(page.findings.filter(({ level }) => level !== 'ok')).toEqual([])
    const round = await asking(({ url }, response) =>
      response.writeHead(302, { location: url === '/a' ? '/b' : '/a' }).end(),
    )
    expect(round.said).toContain('redirects more than 5 times')
  })

  it('that takes small headers only is warned of', async () => {
    const url = await serve((_, response) => response.end(), { maxHeaderSize: 6_000 })
    expect((await look({ url })).said).toContain('warning: it takes headers of less than 8 kB (4 kB passed)')
  })

  it('sets cookies, and allows other sites, as the gate’s visitors can bear', async () => {
    const bad = await asking(({ headers }, response) =>
      response
        .writeHead(200, {
          'set-cookie': ['sluice_id=x', 'a=1; Domain=other.test'],
          ...(headers.origin && {
            'access-control-allow-origin': headers.origin,
            'access-control-allow-credentials': 'true',
          }),
        })
        .end(),
    )
    expect(bad.said).toContain('fault: it sets sluice_id')
    expect(bad.said).toContain('fault: it sets a for other.test')
    expect(bad.said).toContain('warning: it lets pages of every site')
    const own = await asking(({ headers }, response) =>
      response.writeHead(200, { 'access-control-allow-origin': `http://${headers.host}` }).end(),
    )
    expect(own.said).toContain('warning: its CORS headers name its own host')
    const open = await asking((_, response) =>
      response.writeHead(200, { 'access-control-allow-origin': '*' }).end(),
    )
    expect(open.said).toContain('ok: pages of every site may read its answers')
  })
})

describe('an app by Next.js is asked for an action that it does not have', () => {
  /** As Next.js answers, which compares `Origin` with one of its hosts. */
  const next = (compares: 'host' | 'x-forwarded-host', posts: string[] = []): RequestListener => {
    return ({ method, headers }, response) => {
      response.setHeader('vary', 'rsc, next-router-state-tree, Accept-Encoding')
      if (method !== 'POST') return void response.end('a page')
      posts.push(String(headers['next-action']))
      const isTaken = new URL(headers.origin ?? 'null:').host === headers[compares]
      if (isTaken) response.writeHead(409, { 'x-nextjs-action-not-found': '1' })
      else response.writeHead(500)
      response.end()
    }
  }
  const taken = 'ok: it is a Next.js app, and takes the site’s forms'

  it.each<[compares: 'host' | 'x-forwarded-host', more: Origin, said: string, fix: string | undefined]>([
    ['host', {}, taken, undefined],
    ['x-forwarded-host', { rewrite: 'answers' }, taken, undefined],
    ['x-forwarded-host', { host: 'preserve' }, taken, undefined],
    ['x-forwarded-host', {}, 'warning: it is a Next.js app that refuses forms', 'set "rewrite": "answers"'],
    [
      'host',
      { rewrite: 'answers' },
      'warning: it is a Next.js app that refuses',
      'leave "rewrite" and "host" out',
    ],
  ])('one that compares Origin with its %s, with %j', async (compares, more, expected, fix) => {
    const { findings, said } = await asking(next(compares), more)
    expect(said).toContain(expected)
    expect(findings.find(({ text }) => text.includes('Next.js'))?.fix).toBe(fix)
  })

  it('which changes nothing, and no other app is', async () => {
    const posts: string[] = []
    await asking(next('host', posts))
    expect(posts).toEqual([`7f${'0'.repeat(40)}`])
    const methods: (string | undefined)[] = []
    const { said } = await asking(({ method }, response) => {
      methods.push(method)
      response.setHeader('vary', 'Accept-Encoding, X-RSC-Like').end('a page')
    })
    expect(new Set(methods)).toEqual(new Set(['GET']))
    expect(said).not.toContain('Next.js')
  })

  it('of which one without actions says nothing', async () => {
    const { said } = await asking(
      (_, response) => void response.setHeader('x-powered-by', 'Next.js').end('a page'),
    )
    expect(said).not.toContain('Next.js app')
  })
})

it('an origin behind a binding alone is not asked, and a bad document asks none', async () => {
  expect((await look({ binding: 'APP' })).said).toContain('only the Worker can ask it')
  const { code, out } = await look({ url: 'ftp://old' })
  expect([code, JSON.parse(out).live]).toEqual([1, undefined])
})

it('people read the findings, with what to do', async () => {
  const { code, out, err } = await look({ url: 'http://localhost:1' }, { format: '' })
  expect(code).toBe(1)
  expect(out + err).toMatch(/✗ origin old: http:\/\/localhost:1 cannot be reached: .*\n {4}start it/)
})
