/** examples/self-hosting: what the recipes for Docker and systemd need before a first start is made by them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { expect, it } from 'vitest'

const text = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
const dockerfile = text('examples/self-hosting/Dockerfile')
const unit = text('examples/self-hosting/sluice.service')

/** Owner and path of each folder that `install -d` makes. */
const madeBy = (script: string) =>
  [...script.matchAll(/\binstall -d -o (\S+) -g \S+ -m 700 (\S+)/g)].map(([, owner, path]) => [owner, path])

it('the image makes its volume for the user that writes it', () => {
  const volume = /^VOLUME (\S+)$/m.exec(dockerfile)?.[1]
  const user = /^USER (\S+)$/m.exec(dockerfile)?.[1]
  const asRoot = dockerfile.slice(0, dockerfile.search(/^USER /m))
  expect(volume).toBe('/gate/data')
  expect(madeBy(asRoot)).toContainEqual([user, volume])
  expect(dockerfile.indexOf('USER ')).toBeLessThan(dockerfile.indexOf('VOLUME '))
})

it('the unit makes as root, outside of its sandbox, each folder that the sandbox must find', () => {
  const user = /^User=(\S+)$/m.exec(unit)?.[1]
  const folders = [...unit.matchAll(/^ReadWritePaths=(.*)$/gm)].flatMap(([, paths = '']) => paths.split(' '))
  const asRoot = [...unit.matchAll(/^ExecStartPre=\+(.*)$/gm)].map(([, command = '']) => command).join('\n')
  expect(folders.length).toBeGreaterThan(0)
  for (const folder of folders) expect(madeBy(asRoot)).toContainEqual([user, folder])
  expect(unit).toContain(
    `useradd --system --user-group --home-dir /srv/sluice --shell /usr/sbin/nologin ${user}`,
  )
})

it('the image is built from tracked files, all of them, and from nothing that is secret or made', () => {
  const patterns = text('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const isIgnored = (path: string) =>
    patterns.some((pattern) => matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`))
  const tracked = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).trim().split('\n')
  expect(tracked.filter(isIgnored)).toEqual([])
  const left = ['.git/config', 'node_modules/x/index.js', 'examples/hono/node_modules/x.js', 'dist/worker.js']
  const secret = ['.dev.vars', 'site/.dev.vars', '.env', '.env.local', '.wrangler/state/x.sqlite']
  for (const path of [...left, ...secret]) expect(isIgnored(path), path).toBe(true)
})
