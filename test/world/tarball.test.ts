/** The tarball in an empty folder, on each Node of this machine that it supports: every documented verb runs. */
import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { packed } from '../e2e/harness/pack.ts'

type Ran = { code: number; out: string; err: string }

let folder: string
let tarball: string

/** Nodes in PATH that are not this project's, and the one that runs this test. */
async function nodes(): Promise<string[]> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((path) => !path.includes('node_modules'))
  const found: string[] = [process.execPath]
  for (const path of folders) {
    const isThere = await access(join(path, 'node')).then(
      () => true,
      () => false,
    )
    if (isThere) found.push(join(path, 'node'))
  }
  return [...new Set(found)]
}

function run(command: string, args: readonly string[], cwd: string, node: string): Promise<Ran> {
  const env = {
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
    HOME: folder,
    SLUICE_CONFIG_DIR: folder,
  }
  return new Promise((resolve) => {
    execFile(command, [...args], { cwd, env, maxBuffer: 1e8 }, (error, out, err) => {
      const { code = 0 } = (error ?? {}) as { code?: number | string }
      resolve({ code: typeof code === 'number' ? code : 1, out, err })
    })
  })
}

/** The verbs that the command line's page names, as `token create`. */
async function documentedVerbs(): Promise<string[]> {
  const page = await readFile(join(PROJECT_ROOT, 'docs/cli.md'), 'utf8')
  return [...page.matchAll(/^#{2,4} (?:`?sluice )?`?([a-z][a-z -]*)`?$/gm)].map(([, verb = '']) => verb)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-tarball-'))
  tarball = await packed()
}, 300_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the tarball', { shuffle: false }, () => {
  it('is of this version, and brings notices and changelog', async () => {
    const { version } = JSON.parse(await readFile(join(PROJECT_ROOT, 'package.json'), 'utf8'))
    expect(tarball).toMatch(new RegExp(`sluice-${version}\\.tgz$`))
    const { out } = await run('tar', ['-tzf', tarball], folder, process.execPath)
    for (const name of ['THIRD-PARTY-LICENCES', 'CHANGELOG.md', 'LICENSE', 'dist/worker.js', 'bin/sluice.js'])
      expect(out).toContain(`package/${name}\n`)
    expect(out).not.toMatch(/package\/(?:src|test|node_modules)\//)
  })

  it('runs every documented verb, on each Node', async () => {
    const verbs = await documentedVerbs()
    expect(verbs.length).toBeGreaterThan(40)
    const tried = new Set<string>()
    for (const node of await nodes()) {
      const { out: version } = await run(node, ['-p', 'process.versions.node'], folder, node)
      if (tried.has(version)) continue
      tried.add(version)
      const project = join(folder, `node-${version.trim()}`)
      await mkdir(project)
      await writeFile(join(project, 'package.json'), '{ "private": true }')
      const installed = await run('npm', ['install', '--no-audit', '--no-fund', tarball], project, node)
      expect({ version, ...installed }).toMatchObject({ code: 0 })
      const sluice = (...args: string[]) =>
        run(node, [join(project, 'node_modules/sluice/bin/sluice.js'), ...args], project, node)
      for (const verb of verbs)
        expect({ version, verb, ...(await sluice(...verb.split(' '), '--help')) }).toMatchObject({
          code: 0,
          out: expect.stringContaining('Usage: sluice'),
        })
      const init = ['init', '--yes', '--old', 'https://old.example.com', '--new', 'https://new.example.com']
      expect(await sluice(...init)).toMatchObject({
        code: 0,
        out: expect.stringContaining('npx sluice dev '),
      })
      for (const offline of [
        ['check'],
        ['simulate'],
        ['docs', 'gate.json'],
        ['explain', '--document', 'gate.json', '--request', '/'],
      ])
        expect({ version, offline, ...(await sluice(...offline)) }).toMatchObject({ code: 0 })
      expect(await sluice('build')).toMatchObject({ code: 0 })
      // What needs more than the package says what: the Node, or the packages that it lacks.
      for (const verb of ['dev', 'deploy']) {
        const { code, err } = await sluice(verb, '--yes')
        expect([version, verb, code > 0]).toEqual([version, verb, true])
        expect(err).toMatch(/Node|npm install|wrangler/)
      }
    }
  }, 600_000)
})

it('is laid out for a registry under a name with a scope, and never without', async () => {
  const script = join(PROJECT_ROOT, 'scripts/package.ts')
  const bare = await run(process.execPath, [script, '--name', 'sluice'], PROJECT_ROOT, process.execPath)
  expect([bare.code, bare.err]).toEqual([1, expect.stringContaining('a scope that you own')])
  const out = join(folder, 'laid-out')
  const args = [script, '--name', '@acme/sluice', '--out', out]
  expect(await run(process.execPath, args, PROJECT_ROOT, process.execPath)).toMatchObject({ code: 0 })
  const manifest = JSON.parse(await readFile(join(out, 'package.json'), 'utf8'))
  expect(manifest).toMatchObject({
    name: '@acme/sluice',
    publishConfig: { access: 'public', provenance: true },
  })
  expect(manifest.private ?? manifest.scripts).toBeUndefined()
  await access(join(out, 'dist/worker.js'))
}, 300_000)
