import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { checkArchitecture, formatProblem } from '../scripts/check-architecture.ts'

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(path.join(tmpdir(), 'sluice-architecture-'))
afterAll(() => rmSync(scratch, { recursive: true }))

/** A tree that keeps every rule, and has one file for each that the offending ones may point at. */
const INNOCENT: Readonly<Record<string, string>> = {
  'src/core/context/facts.ts': 'export interface Facts { host: string }\nexport const NONE = 0\n',
  'src/core/flags/flag.ts': "export { NONE } from '../context/facts.ts'\n",
  'src/core/guard/guard.ts': 'export const guard = 1\n',
  'src/edge/gate.ts': "import { NONE } from '../core/context/facts.ts'\nexport const gate = NONE\n",
  'src/durable/controller.ts': 'export class Controller {}\n',
  'src/admin/api.ts': 'export interface Api { a: 1 }\nexport const api = 1\n',
  'src/client/ofrep.ts': 'export const ofrep = 1\n',
  'src/contract/client.ts': 'export const ofrep = 1\n',
  'src/local/start.ts': 'export const start = 1\n',
  'src/env.ts':
    "import type { Controller } from './durable/controller.ts'\nexport type Env = { c: Controller }\n",
  'src/index.ts':
    "export { Controller } from './durable/controller.ts'\nexport { gate } from './edge/gate.ts'\n",
  'config/example.json': '{}\n',
  'examples/shop/shop.ts': 'export const shop = 1\n',
}

let trees = 0
function treeWith(files: Readonly<Record<string, string>>): string {
  trees += 1
  const root = path.join(scratch, `tree-${trees}`)
  for (const [file, text] of Object.entries({ ...INNOCENT, ...files })) {
    const full = path.join(root, file)
    mkdirSync(path.dirname(full), { recursive: true })
    writeFileSync(full, text)
  }
  return root
}

const linesOf = (files: Readonly<Record<string, string>>) =>
  checkArchitecture(treeWith(files)).map(formatProblem)

const PURE_FILE = 'src/core/flags/offender.ts'

/** Text of a file in core, and what is to be found in it. */
const IMPURE: readonly (readonly [text: string, found: string])[] = [
  ['export const f = () => Date.now()', 'Date.now'],
  ["export const f = () => Date['now']()", 'Date.now'],
  ['export const f = () => Date[`now`]()', 'Date.now'],
  ['export const f = () => Date?.now()', 'Date.now'],
  ['export const f = (k: "now") => Date[k]()', 'Date itself'],
  ['export const f = () => new Date()', 'new Date() without a time'],
  ['export const f = () => new Date', 'new Date() without a time'],
  ['export const f = (a: []) => new Date(...a)', 'new Date() without a time'],
  ['export const f = () => Date()', 'Date()'],
  ['const D = Date\nexport const f = () => D.now()', 'Date itself'],
  ['const { now } = Date\nexport const f = now', 'Date.now'],
  ["const { 'now': n } = Date\nexport const f = n", 'Date.now'],
  ['const { ...rest } = Date\nexport const f = rest', 'Date itself'],
  ['let now: () => number\n;({ now } = Date)\nexport const f = now', 'Date itself'],
  ['export const f = (clock = Date) => clock.now()', 'Date itself'],
  ['export class Later extends Date {}', 'Date itself'],
  ['export const f = () => (Date as { now(): number }).now()', 'Date itself'],
  ['export const f = () => Reflect.construct(Date, [])', 'Date itself'],
  ['export const parts = { Date }', 'Date itself'],
  ['export const f = (d: object) => d.constructor', '.constructor'],
  ['export const f = () => globalThis.Date.now()', 'globalThis'],
  ['export const f = () => self.fetch', 'self'],
  ['export const f = () => global', 'global'],
  ['export const f = () => Math.random()', 'Math.random'],
  ["export const f = () => Math['random']()", 'Math.random'],
  ['const { random } = Math\nexport const f = random', 'Math.random'],
  ['const { random: r, floor } = Math\nexport const f = [r, floor]', 'Math.random'],
  ['const M = Math\nexport const f = () => M.random()', 'Math itself'],
  ['export const f = (name: "floor") => Math[name](1)', 'Math itself'],
  ['export const f = () => performance.now()', 'performance'],
  ['export const f = () => crypto.randomUUID()', 'crypto'],
  ["export const f = () => fetch('https://example.com')", 'fetch'],
  ['export const parts = { fetch }', 'fetch'],
  ['export const f = (get = fetch) => get', 'fetch'],
  ['declare const fetch: () => void\nexport const f = () => fetch()', 'fetch'],
  ['function inner(fetch: () => void) { fetch() }\nexport const f = () => fetch(inner)', 'fetch'],
  ['{ const fetch = 1; void fetch }\nexport const f = () => fetch', 'fetch'],
  ['export const f = (g: () => void) => setTimeout(g, 1)', 'setTimeout'],
  ['export const f = (g: () => void) => setInterval(g, 1)', 'setInterval'],
  ['export const f = (g: () => void) => queueMicrotask(g)', 'queueMicrotask'],
  ['export const f = () => scheduler.wait(1)', 'scheduler'],
  ["export const f = () => console.log('x')", 'console'],
  ['export const f = () => process.env', 'process'],
  ["export const f = () => eval('1')", 'eval'],
  ["export const f = () => (0, eval)('1')", 'eval'],
  ["export const f = new Function('return 1')", 'Function'],
  ["export const f = Function('return 1')", 'Function'],
  ['export const f = new Intl.DateTimeFormat()', 'Intl.DateTimeFormat'],
  ['const { DateTimeFormat } = Intl\nexport const f = DateTimeFormat', 'Intl.DateTimeFormat'],
  ['export const f = () => Temporal.Now.instant()', 'Temporal.Now'],
  ["export const f = () => new WebSocket('wss://example.com')", 'WebSocket'],
  ['export const f = () => caches.default', 'caches'],
  ['export const f = () => navigator.userAgent', 'navigator'],
  ['export const f = await Promise.resolve(1)', 'top-level await'],
  ['export const f: number[] = []\nfor await (const x of [1]) f.push(x)', 'top-level await'],
  ['export const f = import.meta.url', 'import.meta'],
]

/** Where a file is, what it says, and what is to be found in it. */
const WRONG_IMPORTS: readonly (readonly [file: string, text: string, found: string])[] = [
  [PURE_FILE, "import { gate } from '../../edge/gate.ts'\nexport { gate }", 'core may import only core'],
  [PURE_FILE, "import type { gate } from '../../edge/gate.ts'\nexport type G = typeof gate", 'a type from'],
  [PURE_FILE, "export { gate } from '../../edge/gate.ts'", 'core may import only core'],
  [PURE_FILE, "export * from '../../edge/gate.ts'", 'core may import only core'],
  [PURE_FILE, "export type * from '../../edge/gate.ts'", 'core may import only core'],
  [PURE_FILE, "export const f = () => import('../../edge/gate.ts')", 'core may import only core'],
  [PURE_FILE, "export type F = import('../../edge/gate.ts').gate", 'core may import only core'],
  [PURE_FILE, "import x = require('../../edge/gate.ts')\nexport { x }", 'core may import only core'],
  [PURE_FILE, "import '../../edge/gate.ts'", 'core may import only core'],
  [PURE_FILE, "import type { Env } from '../../env.ts'\nexport type E = Env", 'core may import only core'],
  [PURE_FILE, 'export const f = (name: string) => import(name)', 'a computed import'],
  [PURE_FILE, "import { guard } from '../guard/guard.ts'\nexport { guard }", 'inside core the order is'],
  [PURE_FILE, "import type { guard } from '../guard/guard.ts'\nexport type G = typeof guard", 'the order is'],
  ['src/core/extras/x.ts', "export { guard } from '../guard/guard.ts'", 'core/extras has no place'],
  [PURE_FILE, "import { Hono } from 'hono'\nexport { Hono }", 'of packages core may use only'],
  [PURE_FILE, "import type { Hono } from 'hono'\nexport type H = Hono", 'of packages core may use only'],
  [PURE_FILE, "import { x } from 'semver-extra'\nexport { x }", 'of packages core may use only'],
  [PURE_FILE, "import { hash } from 'node:crypto'\nexport { hash }", 'node:* exists only for'],
  [PURE_FILE, "import { hash } from 'crypto'\nexport { hash }", 'node:* exists only for'],
  [PURE_FILE, "import { env } from 'cloudflare:workers'\nexport { env }", 'cloudflare:* exists only for'],
  [PURE_FILE, "import { x } from '#inner'\nexport { x }", 'cannot be followed'],
  [
    'src/edge/x.ts',
    "export { Controller } from '../durable/controller.ts'",
    'edge may import only edge, core',
  ],
  ['src/edge/x.ts', "export type { Controller } from '../durable/controller.ts'", 'edge may import only'],
  ['src/edge/x.ts', "export type { Api } from '../admin/api.ts'", 'edge may import only edge, core'],
  ['src/edge/x.ts', "export { gate } from '../index.ts'", 'nothing imports the composition root'],
  ['src/edge/x.ts', "export { gate } from '..'", 'nothing imports the composition root'],
  ['src/edge/x.ts', "export { gate } from '../index'", 'nothing imports the composition root'],
  ['src/edge/x.ts', "export { gate } from '../index.js'", 'nothing imports the composition root'],
  ['src/cli/x.ts', "export type { gate } from '../index.ts'", 'nothing imports the composition root'],
  ['src/edge/x.ts', "import { readFileSync } from 'node:fs'\nexport { readFileSync }", 'node:* exists only'],
  ['src/edge/x.ts', "export { shop } from '../../examples/shop/shop.ts'", 'edge may import only edge, core'],
  ['src/durable/x.ts', "export { gate } from '../edge/gate.ts'", 'durable may import only durable, core'],
  ['src/client/x.ts', "export { api } from '../admin/api.ts'", 'client may import only client, core'],
  ['src/client/x.ts', "import { env } from 'cloudflare:workers'\nexport { env }", 'cloudflare:* exists only'],
  ['src/admin/x.ts', "export { Controller } from '../durable/controller.ts'", 'only types from durable'],
  ['src/admin/x.ts', "import { type Controller } from '../durable/controller.ts'", 'only types from durable'],
  ['src/admin/x.ts', "export { gate } from '../edge/gate.ts'", 'admin may import only types from edge'],
  ['src/dashboard/x.ts', "export { api } from '../admin/api.ts'", 'dashboard may import only'],
  ['src/contract/x.ts', "export { api } from '../admin/api.ts'", 'contract may import only'],
  ['src/admin/x.ts', "export { gate } from '../edge/gate.ts'", 'only types from edge'],
  ['src/dashboard/x.tsx', "export { gate } from '../edge/gate.ts'", 'dashboard may import only'],
  ['src/cli/x.ts', "export { api } from '../admin/api.ts'", 'cli may import only cli'],
  ['src/cli/x.ts', "export { gate } from '../edge/gate.ts'", 'cli may import only cli'],
  ['src/local/x.ts', "export { gate } from '../edge/gate.ts'", 'local may import only local, core'],
  ['src/local/x.ts', "export * from '../../test/helpers.ts'", 'local may import only local, core'],
  [
    'src/env.ts',
    "export { Controller } from './durable/controller.ts'",
    'src may import only types from durable',
  ],
  ['src/newcomer/x.ts', 'export const x = 1', 'no rule says what it may import'],
  ['src/edge/x.ts', 'export const = 1', 'it cannot be parsed'],
]

describe('checkArchitecture', () => {
  it('finds nothing in this repository', () => {
    expect(checkArchitecture(REPOSITORY).map(formatProblem)).toEqual([])
  })

  it('finds nothing in an innocent tree', () => {
    expect(linesOf({})).toEqual([])
  })

  it('says so when there is nothing to check', () => {
    expect(checkArchitecture(path.join(scratch, 'nowhere'))).toHaveLength(1)
  })

  it.each(IMPURE)('refuses in core: %s', (text, found) => {
    const lines = linesOf({ [PURE_FILE]: `${text}\n` })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(PURE_FILE)
    expect(lines[0]).toContain(`  ${found}`)
  })

  it.each(WRONG_IMPORTS)('refuses in %s: %s', (file, text, found) => {
    const lines = linesOf({ [file]: `${text}\n` })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`${file}:1  `)
    expect(lines[0]).toContain(found)
  })

  it('names file, line, what was found, why, and what to do', () => {
    const lines = linesOf({
      [PURE_FILE]: '// A comment — with an em dash.\n\nexport const f = () => Date.now()\n',
    })
    expect(lines).toEqual([
      `${PURE_FILE}:3  Date.now: core has no clock; take the time as an argument (\`nowMs\`)`,
    ])
  })

  it('lists every problem of a tree, in the order of files and lines', () => {
    const lines = linesOf({
      [PURE_FILE]: "import 'node:fs'\nexport const f = () => Math.random()\nexport const g = fetch\n",
      'src/admin/x.ts': "export { gate } from '../edge/gate.ts'\n",
    })
    const places = lines.map((line) => line.split('  ')[0])
    expect(places).toEqual(['src/admin/x.ts:1', `${PURE_FILE}:1`, `${PURE_FILE}:2`, `${PURE_FILE}:3`])
  })
})

describe('import cycles', () => {
  it('are found across files and folders, with the way round', () => {
    const lines = linesOf({
      'src/edge/a.ts': "import { b } from './b.ts'\nexport const a = () => b\n",
      'src/edge/b.ts': "export { c as b } from './deep/c.ts'\n",
      'src/edge/deep/c.ts': "import { a } from '../a.ts'\nexport const c = () => a\n",
    })
    const circle = 'src/edge/a.ts -> src/edge/b.ts -> src/edge/deep/c.ts -> src/edge/a.ts'
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`src/edge/a.ts:1  import cycle ${circle}: `)
  })

  it('are found through a dynamic import, and of a file with itself', () => {
    const lines = linesOf({
      'src/edge/a.ts': "export const a = () => import('./b.ts')\n",
      'src/edge/b.ts': "import { a } from './a.ts'\nexport const b = a\n",
      'src/edge/self.ts': "import * as self from './self.ts'\nexport const me = () => self\n",
    })
    expect(lines.map((line) => line.split(':')[0])).toEqual(['src/edge/a.ts', 'src/edge/self.ts'])
  })

  it('of types alone are none', () => {
    const lines = linesOf({
      'src/edge/a.ts': "import type { B } from './b.ts'\nexport interface A { b: B }\n",
      'src/edge/b.ts':
        "import { type A } from './a.ts'\nexport interface B { a: A; f: import('./a.ts').A }\n",
    })
    expect(lines).toEqual([])
  })
})

describe('accepted', () => {
  it.each([
    ["export const f = (s: string) => new Date(s).getTime() + Date.parse(s) + Date['UTC'](2026)"],
    ['export const f = (x: unknown): x is Date => x instanceof Date'],
    ['export const f = (ms: number) => new Date(ms).toISOString()'],
    ['const { parse } = Date\nexport const f = parse'],
    ["export const f = (x: number) => Math.floor(x) + Math['imul'](x, 2)"],
    ['const { floor, imul } = Math\nexport const f = [floor, imul]'],
    ['export const f = (x: { performance: number; fetch(): void }) => [x.performance, x.fetch(), x?.fetch]'],
    ['export const f = { performance: 1, fetch() {}, process: { self: 1 } }'],
    ['export const f = (fetch: () => void, { crypto }: { crypto: 1 }) => [fetch(), crypto]'],
    ['export function f() { const console = { log() {} }\n  console.log() }'],
    ['export function f() { if (process) return\n  var process = 1 }'],
    ['export function process() { return process.name }'],
    ['export class Scheduler { performance = 1\n  self() { return this.performance } }'],
    ['export const f = class self { static make() { return new self() } }'],
    ['class caches {}\nexport const f = new caches()'],
    ["import { now as performance } from './flag.ts'\nexport const f = () => performance()"],
    ['export const f = () => { try { return 1 } catch (process) { return process } }'],
    ['export const f = (xs: number[]) => { for (const self of xs) return self }'],
    ['export const f = ([global, ...window]: number[], navigator = global) => [window, navigator]'],
    ['export type Get = typeof fetch\nexport interface I { performance: Performance }'],
    ['export const f = async (x: Promise<1>) => { for await (const y of [x]) await y\n  return await x }'],
    ["export const f = new Intl.Collator('en').compare"],
    ['export const f = (x: number) => { self: for (;;) { if (x) break self } }'],
    ['export class A { constructor() { this.a = 1 }\n  a: number }'],
    ["// Date.now() in a comment, 'fetch' in a string\nexport const f = 'Math.random()'"],
  ])('in core: %s', (text) => {
    expect(linesOf({ [PURE_FILE]: `${text}\n` })).toEqual([])
  })

  it.each([
    [PURE_FILE, "import * as v from 'valibot'\nimport gt from 'semver/functions/gt.js'\nexport { gt, v }"],
    [PURE_FILE, "import { isbot } from 'isbot'\nimport ip from 'ipaddr.js'\nexport { ip, isbot }"],
    [PURE_FILE, "import type { Facts } from '../context/facts.ts'\nexport type F = Facts"],
    ['src/core/guard/x.ts', "export { NONE } from '../context/facts.ts'\nexport { guard } from './guard.ts'"],
    ['src/core/shared.ts', 'export const shared = 1'],
    [
      'src/edge/x.ts',
      "import type { Env } from '../env.ts'\nexport const f = (e: Env) => [e, Date.now(), fetch]",
    ],
    [
      'src/edge/x.ts',
      "import { env } from 'cloudflare:workers'\nimport { Hono } from 'hono'\nexport { env, Hono }",
    ],
    [
      'src/admin/x.ts',
      "import type { Controller } from '../durable/controller.ts'\nexport type C = Controller",
    ],
    [
      'src/dashboard/x.ts',
      "export { guard } from '../core/guard/guard.ts'\nexport { ofrep } from '../contract/client.ts'",
    ],
    [
      'src/cli/x.ts',
      "import 'fs'\nexport { start } from '../local/start.ts'\nexport { ofrep } from '../contract/client.ts'",
    ],
    ['src/local/x.ts', "import json from '../../config/example.json' with { type: 'json' }\nexport { json }"],
    ['src/local/x.ts', "import 'fs'\nexport { shop } from '../../examples/shop/shop.ts'"],
  ])('in %s: %s', (file, text) => {
    expect(linesOf({ [file]: `${text}\n` })).toEqual([])
  })
})

describe('the script', () => {
  const node = path.join(REPOSITORY, 'node_modules/.bin/node')
  const script = path.join(REPOSITORY, 'scripts/check-architecture.ts')
  const run = (root: string) => spawnSync(node, [script, root], { encoding: 'utf8' })

  it('prints one problem a line and exits with 1', () => {
    const { status, stdout } = run(treeWith({ [PURE_FILE]: 'export const f = () => [Date.now(), fetch]\n' }))
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringContaining(`${PURE_FILE}:1  Date.now: `),
      expect.stringContaining(`${PURE_FILE}:1  fetch: `),
    ])
    expect(status).toBe(1)
  })

  it('exits with 0 and one line where all is well', () => {
    const { status, stdout } = run(treeWith({}))
    expect(stdout).toMatch(/^architecture: \d+ files, no problems\n$/)
    expect(status).toBe(0)
  })
})
