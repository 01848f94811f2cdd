import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withRoomsTable } from '../scripts/architecture/table.ts'
import { checkArchitecture } from '../scripts/check-architecture.ts'

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(path.join(tmpdir(), 'sluice-architecture-'))
afterAll(() => rmSync(scratch, { recursive: true }))

type Files = Readonly<Record<string, string>>

/** A tree that keeps every rule. */
const INNOCENT: Files = {
  'ARCHITECTURE.md': readFileSync(path.join(REPOSITORY, 'ARCHITECTURE.md'), 'utf8'),
  'src/core/flags/flag.ts': "export { NONE } from '../context/facts.ts'\nimport { isbot } from 'isbot'\n",
  'src/gate/gate.ts':
    "import type { Env } from '../platform/env.ts'\nexport type { Env } from 'cloudflare:workers'\n",
  'src/api/endpoints.ts':
    "import { Hono } from 'hono'\nimport type { Controller } from '../durable/controller/controller.ts'\n",
  'src/index.ts': "export { Controller } from './durable/controller/controller.ts'\n",
  'src/cli/main.ts': "import 'node:fs'\nconst f = () => import('../local/start.ts')\n",
  'test/core/x.test.ts': "import {\n  a,\n  b,\n} from '../../test-kit/a.ts'\nimport '../../src/index.ts'\n",
}

let trees = 0
function treeWith(files: Files): string {
  trees += 1
  const root = path.join(scratch, `tree-${trees}`)
  for (const [file, text] of Object.entries({ ...INNOCENT, ...files })) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
    writeFileSync(path.join(root, file), text)
  }
  return root
}
const problemsOf = (files: Files) => checkArchitecture(treeWith(files))

describe('checkArchitecture', () => {
  it('finds nothing in this repository, nor in an innocent tree', () => {
    expect(checkArchitecture(REPOSITORY)).toEqual([])
    expect(problemsOf({})).toEqual([])
  })

  const PURE = 'src/core/flags/x.ts'
  it.each([
    [PURE, "import { gate } from '../../gate/gate.ts'", 'src/core may import only itself'],
    [PURE, "import type { gate } from '../../gate/gate.ts'", "a type from '../../gate/gate.ts'"],
    [PURE, "import {\n  a,\n  b,\n} from '../../gate/gate.ts'", 'src/core may import only itself'],
    [PURE, "export * from '../../gate/gate.ts'", 'src/core may import only itself'],
    [PURE, "export type { G } from '../../gate/gate.ts'", 'src/core may import only itself'],
    [PURE, "export const f = () => import('../../gate/gate.ts')", 'src/core may import only itself'],
    [PURE, "export type F = import('../../gate/gate.ts').gate", 'src/core may import only itself'],
    [PURE, "import '../../gate/gate.ts'", 'src/core may import only itself'],
    [PURE, 'export const f = (name: string) => import(name)', 'name the module literally'],
    [PURE, "import type { G } from '../guard/guard.ts'", 'inside the order is limits < context <'],
    ['src/core/extras/x.ts', "import { g } from '../guard/guard.ts'", 'inside the order is'],
    ['src/core/x.ts', "import { g } from './guard/guard.ts'", 'inside the order is'],
    [PURE, "import type { Hono } from 'hono'", 'of packages src/core may use only valibot'],
    [PURE, "import { hash } from 'crypto'", 'src/core may not use node:*'],
    ['src/gate/x.ts', "import { readFileSync } from 'node:fs'", 'src/gate may not use node:*'],
    ['src/gate/x.ts', "import { gate } from '../index.ts'", 'src/gate may import only src/core'],
    ['src/gate/x.ts', "import type { C } from '../durable/controller.ts'", 'src/gate may import only'],
    ['src/api/x.ts', "import { C } from '../durable/controller.ts'", 'types of src/durable'],
    ['src/api/x.ts', "import { env } from 'cloudflare:workers'", 'src/api may not use cloudflare:*'],
    [
      'src/sdk/server/x.ts',
      "import { f } from '../browser/index.ts'",
      'src/sdk/server may import only itself',
    ],
    ['src/sdk/browser/x.ts', "import { h } from 'hono'", 'of packages src/sdk/browser may use only none'],
    ['src/dashboard/x.tsx', "import { api } from '../api/api.ts'", 'src/dashboard may import only'],
    ['src/local/x.ts', "import { f } from '../../test/helpers.ts'", 'src/local may import only'],
    ['src/newcomer/x.ts', "import { f } from './y.ts'", 'has no row in scripts/architecture/rules.ts'],
    ['test/x.test.ts', "import { f } from '../bench/scale/report.ts'", 'test may import only'],
    ['test-kit/x.ts', "import type { F } from '../bench/scale/report.ts'", 'test-kit may import only'],
  ])('refuses in %s: %s', (file, text, problem) => {
    expect(problemsOf({ [file]: `// A comment.\n${text}\n` })).toEqual([expect.stringContaining(problem)])
    expect(problemsOf({ [file]: `// A comment.\n${text}\n` })[0]).toMatch(`${file}:2  imports `)
  })

  it.each<[string, Files, string]>([
    [
      'values, through a dynamic import',
      {
        'src/gate/a.ts': "export const f = () => import('./b.ts')\n",
        'src/gate/b.ts': "export { c } from './c.ts'\n",
        'src/gate/c.ts': "import { a } from './a.ts'\n",
      },
      'src/gate/a.ts -> src/gate/b.ts -> src/gate/c.ts -> src/gate/a.ts',
    ],
    [
      'types alone',
      {
        'src/gate/a.ts': "import type { B } from './b.ts'\n",
        'src/gate/b.ts': "export type A = import('./a.ts').A\n",
      },
      'src/gate/a.ts -> src/gate/b.ts -> src/gate/a.ts',
    ],
    ['a file and itself', { 'bench/a.ts': "import * as self from './a.ts'\n" }, 'bench/a.ts -> bench/a.ts'],
    [
      'folders whose files form none',
      {
        'src/gate/origin/a.ts': "import type { B } from '../request/b.ts'\n",
        'src/gate/request/c.ts': "import { d } from '../origin/d.ts'\n",
      },
      'src/gate/origin -> src/gate/request -> src/gate/origin',
    ],
  ])('refuses a cycle of %s', (_, files, cycle) => {
    expect(problemsOf(files)).toEqual([expect.stringContaining(`import cycle ${cycle}`)])
  })

  it('refuses a folder with more than 15 files, but for lists of commands and views', () => {
    const sixteenIn = (folder: string) =>
      Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`${folder}/file-${n}.ts`, '']))
    expect(problemsOf(sixteenIn('src/gate/origin'))).toEqual([
      'src/gate/origin: 16 files side by side; at most 15, group them by what they do',
    ])
    expect(
      problemsOf({ ...sixteenIn('src/cli/commands'), ...sixteenIn('src/dashboard/views/edit') }),
    ).toEqual([])
  })

  it('refuses a table in ARCHITECTURE.md that differs from the rules', () => {
    const page = INNOCENT['ARCHITECTURE.md'] ?? ''
    const changed = page.replace('| `src/gate/` |', '| `src/edge/` |')
    expect(problemsOf({ 'ARCHITECTURE.md': changed })).toEqual([
      expect.stringContaining('ARCHITECTURE.md: the table'),
    ])
    expect(withRoomsTable(changed)).toBe(page)
  })
})

describe('purity of core, by Biome', () => {
  const IMPURE = [
    'export const f = () => Date.now()',
    'export const f = () => new Date()',
    'export const f = () => Date()',
    'export const f = () => new Date(Date.now())',
    'export const D = Date',
    'export const { now } = Date',
    'export const f = (clock = Date) => clock',
    'export class Later extends Date {}',
    'export const f = (d: object) => d.constructor',
    'export const f = () => globalThis',
    'export const f = () => Math.random()',
    'export const { random } = Math',
    'export const f = () => [Math]',
    'export const f = () => performance.now()',
    'export const f = () => crypto.randomUUID()',
    "export const f = () => fetch('https://example.com')",
    'export const f = (g: () => void) => setTimeout(g, 1)',
    "export const f = () => console.log('x')",
    'export const f = () => process.env',
    "export const f = () => eval('1')",
    "export const f = new Function('return 1')",
    'export const f = new Intl.DateTimeFormat()',
    'export const f = import.meta.url',
  ]
  const PURE = [
    'export const f = (s: string) => new Date(s).getTime() + Date.parse(s) + Date.UTC(2026)',
    'export const f = (x: unknown): x is Date => x instanceof Date',
    'export const f = (x: number) => Math.floor(x)',
    'export const f = (x: { fetch(): void }, console: { log(): void }) => [x.fetch(), console.log()]',
    "// Date.now() in a comment\nexport const f = 'Math.random()'",
  ]
  const refused = new Set<string>()
  const fileOf = (text: string) => `case-${[...IMPURE, ...PURE].indexOf(text)}.ts`

  beforeAll(() => {
    const root = path.join(scratch, 'pure')
    mkdirSync(path.join(root, 'src/core'), { recursive: true })
    cpSync(path.join(REPOSITORY, 'scripts/architecture'), path.join(root, 'scripts/architecture'), {
      recursive: true,
    })
    const config = JSON.parse(readFileSync(path.join(REPOSITORY, 'biome.json'), 'utf8')) as object
    const alone = { ...config, $schema: undefined, vcs: { enabled: false } }
    writeFileSync(path.join(root, 'biome.json'), JSON.stringify(alone))
    for (const text of [...IMPURE, ...PURE])
      writeFileSync(path.join(root, 'src/core', fileOf(text)), `${text}\n`)
    const biome = path.join(REPOSITORY, 'node_modules/.bin/biome')
    const options = ['lint', '--reporter=github', '--max-diagnostics=none', 'src']
    const { stdout } = spawnSync(biome, options, { cwd: root, encoding: 'utf8' })
    for (const [, file = ''] of stdout.matchAll(
      /^::error title=(?:plugin|lint\/style\/noRestrictedGlobals).*?(case-\d+\.ts)/gm,
    ))
      refused.add(file)
  })

  it.each(IMPURE)('refuses %s', (text) => expect(refused).toContain(fileOf(text)))
  it.each(PURE)('lets pass: %s', (text) => expect(refused).not.toContain(fileOf(text)))
})
