/** `npm start` as people meet it: what it prints, what it refuses, how it ends, what it keeps. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './harness/eventually.ts'

const ENTRY = 'src/local/start.ts'

type Run = { child: ChildProcess; out: () => string; err: () => string; exitCode: Promise<number | null> }

let dir: string
const children: ChildProcess[] = []

function start(...options: string[]): Run {
  const child = spawn(process.execPath, [ENTRY, ...options], {
    env: { ...process.env, ADMIN_TOKEN: 'known' },
  })
  children.push(child)
  const texts = { out: '', err: '' }
  child.stdout?.on('data', (chunk: Buffer) => (texts.out += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (texts.err += chunk.toString()))
  const exitCode = once(child, 'close').then(([code]) => code as number | null)
  return { child, out: () => texts.out, err: () => texts.err, exitCode }
}

async function ready(run: Run): Promise<string> {
  return await eventually(`"sluice ready" (${run.err()})`, () => {
    const url = /^sluice ready on (\S+)$/m.exec(run.out())?.[1]
    return run.out().includes('admin token') ? url : undefined
  })
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-start-'))
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(dir, { recursive: true, force: true })
})

describe('npm start', () => {
  it('announces itself in three lines, serves a page, keeps its data folder to itself, ends well, and remembers', async () => {
    const data = join(dir, 'data')
    const first = start('--port', '0', '--data', data)
    const url = await ready(first)
    expect(first.out()).toBe(`sluice ready on ${url}\ndashboard ${url}/__sluice/ui\nadmin token known\n`)
    const page = await fetch(url)
    expect(page.status).toBe(200)
    expect(page.headers.get('sluice-origin')).toMatch(/^(old|new)$/)

    const killed = await fetch(`${url}/__sluice/api/v1/flags/new-shop/kill`, {
      method: 'POST',
      headers: { authorization: 'Bearer known', 'content-type': 'application/json' },
      body: '{"reason":"to be remembered"}',
    })
    expect(killed.status).toBe(200)

    const second = start('--port', '0', '--data', data)
    expect(await second.exitCode).toBe(1)
    expect(second.err()).toContain(`Cannot start: the gate on ${url}`)

    first.child.kill('SIGINT')
    expect(await first.exitCode).toBe(0)

    const again = start('--port', '0', '--data', data)
    const response = await fetch(await ready(again))
    expect(response.headers.get('sluice-flags')).toBe('new-shop=off;reason=killed')
    again.child.kill('SIGTERM')
    expect(await again.exitCode).toBe(0)
  })

  it('refuses what it cannot use, says what and where, and exits with 2', async () => {
    const config = join(dir, 'broken.json')
    await writeFile(
      config,
      '{ "origins": { "old": { "url": "http://a.test" } }, "routes": [{ "path": "/*", "origin": "odl" }] }',
    )
    const broken = start('--config', config)
    expect(await broken.exitCode).toBe(2)
    expect(broken.err()).toContain('$.routes[0].origin')
    expect(broken.err()).toContain('"odl"')
    expect(broken.err()).not.toMatch(/^\s+at /m)

    const unknown = start('--prot', '1')
    expect(await unknown.exitCode).toBe(2)
    expect(unknown.err()).toContain('--config FILE')
  })
})
