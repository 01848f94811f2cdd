import { describe, expect, it } from 'vitest'
import { serveApiDescription, serveDashboard } from '../../../src/api/admin/static-files.ts'
import type { Env } from '../../../src/platform/env.ts'

const ask = (path: string, env: Partial<Env>, init?: RequestInit) =>
  serveDashboard(new Request(`https://gate.test/__sluice/ui${path}`, init as never), env as Env)

/** Files that say of themselves what they are asked for. */
const files = {
  fetch: async (request: Request) => {
    const { pathname } = new URL(request.url)
    return pathname.includes('missing') ? new Response(null, { status: 404 }) : new Response(pathname)
  },
} as unknown as Fetcher

describe('the dashboard of a Worker', () => {
  it('that has no files says so', async () => {
    const response = await ask('', {})
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('ASSETS') })
  })

  it.each([
    ['', '/index.html', 'no-cache'],
    ['/', '/index.html', 'no-cache'],
    ['/flags/a.b', '/index.html', 'no-cache'],
    ['/flags/a%2Fb.js', '/index.html', 'no-cache'],
    ['/app-ABCD1234.js', '/app-ABCD1234.js', 'public, max-age=31536000, immutable'],
  ])('gives for %j %s, %s', async (path, file, caching) => {
    const response = await ask(path, { ASSETS: files })
    expect(await response.text()).toBe(file)
    expect(response.headers.get('cache-control')).toBe(caching)
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  it('gives neither what is not there nor what is no file of it', async () => {
    expect((await ask('/missing.js', { ASSETS: files })).status).toBe(404)
    expect((await ask('/secrets.env', { ASSETS: files })).status).toBe(404)
  })

  it('serves the OpenAPI description, to anybody, beside it', async () => {
    const request = new Request('https://gate.test/__sluice/api/v1/openapi.json')
    const response = await serveApiDescription(request, { ASSETS: files } as unknown as Env)
    expect(await response.text()).toBe('/openapi.json')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('public, max-age=300')
    expect((await serveApiDescription(request, {} as Env)).status).toBe(404)
  })

  it('can only be read', async () => {
    const response = await ask('', { ASSETS: files }, { method: 'POST', body: 'x' })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD')
  })
})
