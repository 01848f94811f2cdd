/** From an empty folder to a gate that serves: with the command line of the repository, and with the packed package. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseDocument } from '../../../src/core/config/parse/parse.ts'
import { freePort } from '../../../src/local/free-port.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { packed } from '../harness/pack.ts'
import { getPage } from '../harness/running-gate.ts'
import { runSluice, SLUICE, startSluice } from './support/process.ts'

let origins: { old: Origin; new: Origin }
let folder: string

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  folder = await mkdtemp(join(tmpdir(), 'sluice-init-'))
})
afterAll(async () => {
  await Promise.all([origins.old.close(), origins.new.close()])
  await rm(folder, { recursive: true, force: true })
})

/** The whole way, with the bin file of an installation. */
async function fromEmptyFolder(script: string, cwd: string): Promise<void> {
  const urls = ['--old', origins.old.url, '--new', origins.new.url]
  const init = await runSluice(script, ['init', ...urls, '--countries', 'RO', '--json'], cwd)
  expect(init).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(init.out).files).toContain('wrangler.toml')
  expect(parseDocument(await readFile(join(cwd, 'gate.json'), 'utf8')).ok).toBe(true)
  expect((await stat(join(cwd, '.dev.vars'))).mode & 0o077).toBe(0)
  const check = await runSluice(script, ['check'], cwd)
  expect(check).toMatchObject({ code: 0, out: expect.stringContaining('gate.json has no problems') })

  const dev = startSluice(script, ['dev', '--port', '0'], cwd)
  try {
    const url = await dev.sees(/sluice ready on (\S+)\n/)
    await dev.sees(/admin token \S+\n/)
    expect(await getPage(url)).toMatchObject({ status: 200, text: 'old', origin: 'old' })
    const document = JSON.parse(await readFile(join(cwd, 'gate.json'), 'utf8'))
    document.flags['new-site'].rules.unshift({
      name: 'testers',
      when: [{ attribute: 'cookie.t', op: 'exists' }],
      serve: 'on',
    })
    await writeFile(join(cwd, 'gate.json'), JSON.stringify(document))
    await eventually('the changed document is live', async () => {
      return (await getPage(url, '/', { cookie: 't=1' })).text === 'new'
    })
    // The other commands find the gate of their folder, and its token.
    const status = await runSluice(script, ['status', '--json'], cwd)
    expect(JSON.parse(status.out)).toMatchObject({
      controller: 'ok',
      flags: { 'new-site': { state: 'open' } },
    })
    const kill = await runSluice(script, ['kill', 'new-site', '--wait', '--yes'], cwd)
    expect(kill).toMatchObject({ code: 0, out: expect.stringContaining('is killed') })
    await eventually('killed', async () => (await getPage(url, '/', { cookie: 't=1' })).text === 'old')
    expect((await fetch(`${url}/__sluice/ui`)).headers.get('content-type')).toContain('text/html')
    expect(await dev.end()).toBe(0)
  } finally {
    await dev.end()
  }
  expect(existsSync(join(cwd, '.sluice/dev.json'))).toBe(false)
}

describe('sluice init in an empty folder', () => {
  it('gives a gate that starts, follows the file, and is found by the other commands', async () => {
    const cwd = join(folder, 'from-repository')
    await mkdir(cwd)
    await fromEmptyFolder(resolve(SLUICE), cwd)
    const again = await runSluice(resolve(SLUICE), ['init', '--yes'], cwd)
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('gate.json') })
  })

  it('does so from the packed package, with nothing but what the package depends on', async () => {
    const cwd = join(folder, 'from-package')
    const installed = await installPacked(cwd)
    expect(readdirSync(installed).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'THIRD-PARTY-LICENCES',
      'bin',
      'config',
      'dist',
      'package.json',
      'wrangler.toml',
    ])
    await fromEmptyFolder(join(installed, SLUICE), cwd)
    // What wrangler deploys is the Worker of the package, beside the document.
    const build = await runSluice(join(installed, SLUICE), ['build', '--json'], cwd)
    expect(JSON.parse(build.out).files).toEqual([
      '.sluice/gate/worker.js',
      '.sluice/gate/document.js',
      '.sluice/dashboard',
    ])
  })

  it('closes a flag in KV when the gate is not there; it is closed when it comes back, and can be opened', async () => {
    const cwd = join(folder, 'past-the-gate')
    const script = resolve(SLUICE)
    await mkdir(cwd)
    const urls = ['--old', origins.old.url, '--new', origins.new.url]
    // A folder that deploys to its own namespace.
    expect((await runSluice(script, ['init', ...urls, '--kv', 'a'.repeat(32)], cwd)).code).toBe(0)
    const document = JSON.parse(await readFile(join(cwd, 'gate.json'), 'utf8'))
    document.flags['new-site'].rules = [{ serve: 'on' }]
    await writeFile(join(cwd, 'gate.json'), JSON.stringify(document))
    const unreachable = `http://127.0.0.1:${await freePort()}`
    const down = await runSluice(script, ['kill', 'new-site', '--url', unreachable], cwd)
    expect(down).toMatchObject({
      code: 0,
      err: expect.stringContaining('Writing the kill list in KV instead'),
    })
    expect(down.out).toContain('["new-site"]')
    const dev = startSluice(script, ['dev', '--port', '0'], cwd)
    try {
      const url = await dev.sees(/sluice ready on (\S+)\n/)
      // A cold isolate waits for KV 1.5 s at most, which may be too short on a busy machine.
      await eventually('it is closed', async () => (await getPage(url)).text === 'old')
      expect((await runSluice(script, ['unkill', 'new-site'], cwd)).code).toBe(0)
      await eventually('new', async () => (await getPage(url)).text === 'new')
    } finally {
      await dev.end()
    }
  })

  it('keeps what is in .gitignore, and writes over other files only when told', async () => {
    const cwd = join(folder, 'with-files')
    await mkdir(cwd)
    await writeFile(join(cwd, '.gitignore'), 'node_modules/\nsecret')
    await writeFile(join(cwd, 'gate.json'), '{}')
    expect((await runSluice(resolve(SLUICE), ['init', '--yes'], cwd)).code).toBe(1)
    expect((await runSluice(resolve(SLUICE), ['init', '--yes', '--force'], cwd)).code).toBe(0)
    const ignored = (await readFile(join(cwd, '.gitignore'), 'utf8')).split('\n')
    expect(ignored).toEqual(['node_modules/', 'secret', '.sluice/', '.wrangler/', '.dev.vars', ''])
  })
})

describe('sluice deploy', () => {
  it('bundles the folder as wrangler would deploy it, and puts nothing anywhere', async () => {
    const cwd = join(folder, 'to-deploy')
    await mkdir(cwd)
    expect((await runSluice(resolve(SLUICE), ['init', '--yes'], cwd)).code).toBe(0)
    const dry = await runSluice(resolve(SLUICE), ['deploy', '--dry-run', '--json'], cwd)
    expect({ ...dry, out: JSON.parse(dry.out) }).toMatchObject({
      code: 0,
      out: { deployed: false, dryRun: true },
    })
    const real = await runSluice(resolve(SLUICE), ['deploy', '--yes'], cwd)
    expect(real).toMatchObject({ code: 1, err: expect.stringContaining('wrangler is not logged in') })
  })
})

/** Packs the package and puts it into the folder as npm would, with what `sluice dev` needs beside it. */
async function installPacked(cwd: string): Promise<string> {
  const installed = join(cwd, 'node_modules/sluice')
  await mkdir(installed, { recursive: true })
  execFileSync('tar', ['-xzf', await packed(), '--strip-components=1', '-C', installed])
  await symlink(resolve('node_modules/miniflare'), join(cwd, 'node_modules/miniflare'))
  return installed
}
