import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { checkArchitecture, formatProblem } from '../scripts/check-architecture.ts'
import { IMPURE, PURE, PURE_FILE, RIGHT_IMPORTS, WRONG_IMPORTS } from './support/architecture-cases.ts'

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(path.join(tmpdir(), 'sluice-architecture-'))
afterAll(() => rmSync(scratch, { recursive: true }))

/** A tree that keeps every rule, and has one file for each that the offending ones may point at. */
const INNOCENT: Readonly<Record<string, string>> = {
  'src/core/context/facts.ts': 'export interface Facts { host: string }\nexport const NONE = 0\n',
  'src/core/flags/flag.ts': "export { NONE } from '../context/facts.ts'\n",
  'src/core/guard/guard.ts': 'export const guard = 1\n',
  'src/gate/gate.ts': "import { NONE } from '../core/context/facts.ts'\nexport const gate = NONE\n",
  'src/durable/controller/controller.ts': 'export class Controller {}\n',
  'src/api/admin/admin-api.ts': 'export interface Api { a: 1 }\nexport const api = 1\n',
  'src/api/flags/ofrep.ts': 'export const ofrep = 1\n',
  'src/contract/client.ts': 'export const ofrep = 1\n',
  'src/local/start.ts': 'export const start = 1\n',
  'src/platform/env.ts':
    "import type { Controller } from './durable/controller.ts'\nexport type Env = { c: Controller }\n",
  'src/index.ts':
    "export { Controller } from './durable/controller.ts'\nexport { gate } from './gate/gate.ts'\n",
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

describe('checkArchitecture', () => {
  it('finds nothing in this repository', () => {
    expect(checkArchitecture(REPOSITORY).map(formatProblem)).toEqual([])
  })

  it('finds nothing in an innocent tree', () => {
    expect(linesOf({})).toEqual([])
  })

  it.each(['ts', 'tsx', 'mts', 'cts', 'js', 'mjs', 'cjs', 'jsx'])(
    'finds a clock in a .%s file of core',
    (kind) => {
      const file = `src/core/flags/clock.${kind}`
      expect(linesOf({ [file]: 'export const now = () => Date.now()\n' })).toEqual([
        expect.stringContaining(`${file}:1  Date.now`),
      ])
    },
  )

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
      'src/api/x.ts': "export { Controller } from '../durable/controller.ts'\n",
    })
    const places = lines.map((line) => line.split('  ')[0])
    expect(places).toEqual(['src/api/x.ts:1', `${PURE_FILE}:1`, `${PURE_FILE}:2`, `${PURE_FILE}:3`])
  })
})

describe('import cycles', () => {
  it('are found across files and folders, with the way round', () => {
    const lines = linesOf({
      'src/gate/a.ts': "import { b } from './b.ts'\nexport const a = () => b\n",
      'src/gate/b.ts': "export { c as b } from './deep/c.ts'\n",
      'src/gate/deep/c.ts': "import { a } from '../a.ts'\nexport const c = () => a\n",
    })
    const circle = 'src/gate/a.ts -> src/gate/b.ts -> src/gate/deep/c.ts -> src/gate/a.ts'
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`src/gate/a.ts:1  import cycle ${circle}: `)
  })

  it('are found through a dynamic import, and of a file with itself', () => {
    const lines = linesOf({
      'src/gate/a.ts': "export const a = () => import('./b.ts')\n",
      'src/gate/b.ts': "import { a } from './a.ts'\nexport const b = a\n",
      'src/gate/self.ts': "import * as self from './self.ts'\nexport const me = () => self\n",
    })
    expect(lines.map((line) => line.split(':')[0])).toEqual(['src/gate/a.ts', 'src/gate/self.ts'])
  })

  it('of types alone are none', () => {
    const lines = linesOf({
      'src/gate/a.ts': "import type { B } from './b.ts'\nexport interface A { b: B }\n",
      'src/gate/b.ts':
        "import { type A } from './a.ts'\nexport interface B { a: A; f: import('./a.ts').A }\n",
    })
    expect(lines).toEqual([])
  })
})

describe('accepted', () => {
  it.each(PURE)('in core: %s', (text) => {
    expect(linesOf({ [PURE_FILE]: `${text}\n` })).toEqual([])
  })

  it.each(RIGHT_IMPORTS)('in %s: %s', (file, text) => {
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
