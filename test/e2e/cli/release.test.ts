/** `sluice release` and the step of the GitHub Action against a running gate, as a pipeline runs them. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROJECT_ROOT } from '../../../src/local/build/project-root.ts'
import { startTraffic, type Watch } from '../../../test-kit/traffic/request-loop.ts'
import { sluice } from '../../cli/gate/support.ts'
import { document, FLAG } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { failsEvenly, type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, startGate } from '../harness/running-gate.ts'

/** Long enough for the guard to see what a slow machine sends in it. */
const STAGES = [30, 60, 100].map((percentage) => ({ percentage, bake: '4s' }))
const TWO_MINUTES_MS = 120_000

let folder: string
let v0: Origin
let v1: Origin
let v2: Origin
let broken: Origin
let gate: Gate
let traffic: Watch

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-release-'))
  v0 = await startOrigin('v0')
  v1 = await startOrigin('v1')
  v2 = await startOrigin('v2')
  const fails = failsEvenly(() => 0.5)
  broken = await startOrigin('broken', (_, response) => {
    response.writeHead(fails() ? 500 : 200).end('broken')
  })
  gate = await startGate({
    document: document(
      { old: v0.url, new: v0.url },
      {
        rules: [{ serve: 'on', stages: STAGES }],
        guard: { ceilings: { errorRate: 0.2, minRequests: 10 }, advance: 'time' },
      },
    ),
  })
  traffic = startTraffic([gate.url], 100)
})
afterAll(async () => {
  await traffic?.stop()
  await gate?.close()
  await Promise.all([v0, v1, v2, broken].map((each) => each?.close()))
  await rm(folder, { recursive: true, force: true })
})

const env = () => ({ SLUICE_URL: gate.url, SLUICE_TOKEN: ADMIN_TOKEN })

async function release(origin: Origin, version: string, ...more: string[]) {
  const startMs = Date.now()
  const args = ['release', '--flag', FLAG, '--origin', `new=${origin.url}`, '--version', version, ...more]
  const ran = await sluice(args, { env: env() })
  expect(Date.now() - startMs).toBeLessThan(TWO_MINUTES_MS)
  return ran
}

const everyoneGets = (name: string) =>
  eventually(`all visitors get ${name}`, async () => {
    for (let n = 0; n < 30; n++) {
      const response = await fetch(gate.url, { headers: { 'x-user-id': `looker-${n}` } })
      if ((await response.text()) !== name) return false
    }
    return true
  })

/** GitHub's API, as the action calls it: comments, as they came. */
async function startGitHub(): Promise<{
  server: Server
  url: string
  comments: { path: string; body: string }[]
}> {
  const comments: { path: string; body: string }[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    comments.push({ path: request.url ?? '', body: JSON.parse(Buffer.concat(parts).toString()).body })
    response.writeHead(201).end('{}')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, comments }
}

/** The step of the action, with the inputs that action.yml hands it. */
async function action(inputs: Record<string, string>, github: string) {
  const [summary, output, event] = ['summary', 'output', 'event'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await Promise.all([
    writeFile(summary, ''),
    writeFile(output, ''),
    writeFile(event, JSON.stringify({ pull_request: { number: 7 } })),
  ])
  const child = spawn(process.execPath, [resolve(PROJECT_ROOT, 'action/release.mjs')], {
    env: {
      PATH: process.env.PATH,
      ...env(),
      INPUT_COMMAND: `${process.execPath} ${resolve(PROJECT_ROOT, 'src/cli/program/entry.ts')}`,
      INPUT_FLAG: FLAG,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_OUTPUT: output,
      GITHUB_EVENT_PATH: event,
      GITHUB_API_URL: github,
      GITHUB_REPOSITORY: 'acme/shop',
      GITHUB_TOKEN: 'a token',
      ...inputs,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', (data) => (said += data))
  child.stderr.on('data', (data) => (said += data))
  const code = await new Promise((done) => child.once('close', done))
  return { code, said, summary: await readFile(summary, 'utf8'), output: await readFile(output, 'utf8') }
}

describe('releases one after the other', { shuffle: false }, () => {
  it('a healthy one finishes, exit code 0, with a link and a summary', async () => {
    const summary = join(folder, 'healthy.md')
    const { code, out, err } = await release(v1, 'abc123', '--wait', '--summary', summary)
    expect([code, err]).toEqual([0, expect.stringContaining('release abc123 begins, attempt 2')])
    expect(out).toContain('release abc123 finished')
    expect(out).toContain(`${gate.url}/__sluice/ui/flags/${FLAG}`)
    expect(await readFile(summary, 'utf8')).toMatch(
      /### Release `abc123` of `f`: ✅ finished[\s\S]*\| canary \| \d+/,
    )
    await everyoneGets('v1')
    const [record] = (await gate.audit()).filter(({ action }) => action === 'document-published')
    expect(record?.reason).toContain('release abc123')
  })

  it('a broken one is rolled back, exit code 1, with the reason; visitors keep the one before', async () => {
    const { code, out } = await release(broken, 'bad', '--wait', '--json')
    const { result, reason, generation } = JSON.parse(out)
    expect([code, result, generation]).toEqual([1, 'rolled-back', 3])
    expect(reason).toMatch(/error/)
    await everyoneGets('v1')
    const { origins } = (await gate.admin.call('getDocument')).document as {
      origins: Record<string, { url: string }>
    }
    expect([origins.old?.url, origins['new-previous']?.url]).toEqual([v0.url, v1.url])
  })

  it('what is rolled back is released again, without waiting', async () => {
    const { code, out } = await release(broken, 'again')
    expect([code, out]).toEqual([0, expect.stringContaining('release again has begun')])
    expect(await gate.flag(FLAG)).toMatchObject({ generation: 4, percentage: 30, rolledBack: null })
    await eventually('the guard sees it', async () => (await gate.flag(FLAG)).rolledBack !== null)
  })

  it('the action: outputs, summary and comment, for a healthy and a broken one', async () => {
    const { server, url, comments } = await startGitHub()
    try {
      const good = await action({ INPUT_ORIGIN: `new=${v2.url}\n`, INPUT_VERSION: 'v2' }, url)
      expect([good.code, good.output]).toEqual([
        0,
        expect.stringMatching(/^result=finished\nreason=.*\nlink=http/),
      ])
      await everyoneGets('v2')
      const bad = await action({ INPUT_ORIGIN: `new=${broken.url}`, INPUT_VERSION: 'v3' }, url)
      expect([bad.code, bad.output]).toEqual([
        1,
        expect.stringMatching(/^result=rolled-back\nreason=.*error/),
      ])
      expect(bad.said).toContain('::error::rolled-back')
      expect(bad.summary).toContain('❌ rolled back')
      await everyoneGets('v2')
      expect(comments.map(({ path, body }) => [path, body.split('\n')[0]])).toEqual([
        ['/repos/acme/shop/issues/7/comments', '### Release `v2` of `f`: ✅ finished'],
        ['/repos/acme/shop/issues/7/comments', '### Release `v3` of `f`: ❌ rolled back'],
      ])
      const none = await action({ INPUT_ORIGIN: '', INPUT_VERSION: 'v4' }, url)
      expect([none.code, none.said]).toEqual([2, expect.stringContaining('--origin must')])
    } finally {
      server.close()
    }
  })

  it('ci check: a sound document passes, one that moves everyone asks, one with problems fails', async () => {
    const { text } = await gate.admin.call('getDocument')
    const file = join(folder, 'gate.json')
    const check = async (content: string, ...more: string[]) => {
      await writeFile(file, content)
      return await sluice(['ci', 'check', file, ...more], { env: env() })
    }
    expect(await check(text)).toMatchObject({ code: 0, out: expect.stringContaining('No changes') })
    const salted = text.replace(
      '"off": "off"',
      '"off": "off", "salt": "another", "description": "dealt anew"',
    )
    const resumed = await gate.admin.command(FLAG, 'resume')
    expect(resumed.after?.generation).toBeGreaterThan(1)
    const moved = await check(salted)
    expect([moved.code, moved.out]).toEqual([1, expect.stringMatching(/This needs confirmation/)])
    expect((await check(salted, '--yes')).code).toBe(0)
    const wrong = await check('{ "flags": 1 }', '--json')
    expect([wrong.code, JSON.parse(wrong.out).valid]).toEqual([1, false])
  })
})
