/** What the package exports is documented: each function and class has an example, and the examples compile. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'

const ENTRIES: Readonly<Record<string, string>> = {
  'sluice/browser': 'src/sdk/browser/index.ts',
  'sluice/server': 'src/sdk/server/index.ts',
  'sluice/openfeature': 'src/sdk/openfeature/index.ts',
  'sluice/openfeature-web': 'src/sdk/openfeature-web/index.ts',
  'sluice/hono': 'src/sdk/hono/index.ts',
  'sluice/durable': 'src/sdk/hono/durable.ts',
  'sluice/testing': 'src/sdk/testing/index.ts',
}

type Documented = { entry: string; name: string; doc: string; examples: string[] }

const documented: Documented[] = Object.entries(ENTRIES).flatMap(([entry, file]) => {
  const text = readFileSync(join(PROJECT_ROOT, file), 'utf8')
  const exported = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export (?:async )?(?:function|class) (\w+)/g
  return [...text.matchAll(exported)].map(([, doc = '', name = '']) => {
    const lines = doc.split('\n').map((line) => line.replace(/^ ?\* ?/, ''))
    const examples = lines.join('\n').split('@example\n').slice(1)
    return { entry, name, doc, examples }
  })
})

// Below the repository, so that examples find its packages.
const cache = join(PROJECT_ROOT, 'node_modules/.cache')
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, 'examples-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function compile(name: string, of: readonly Documented[], surroundings: object): Promise<void> {
  const files = of.flatMap(({ name: own, examples }) =>
    examples.map((code, at) => {
      writeFileSync(join(folder, `${own}-${at}.ts`), code)
      return `${own}-${at}.ts`
    }),
  )
  const paths = Object.fromEntries(
    Object.entries(ENTRIES).map(([entry, file]) => [entry, [join(PROJECT_ROOT, file)]]),
  )
  writeFileSync(
    join(folder, `${name}.json`),
    JSON.stringify({
      extends: join(PROJECT_ROOT, 'tsconfig.base.json'),
      compilerOptions: { ...surroundings, paths },
      files,
    }),
  )
  const tsc = join(PROJECT_ROOT, 'node_modules/.bin/tsc')
  await promisify(execFile)(tsc, ['-p', join(folder, `${name}.json`)]).catch((error: { stdout?: string }) => {
    throw new Error(error.stdout ?? String(error))
  })
}

const isOfPages = ({ entry }: Documented) => entry === 'sluice/browser' || entry === 'sluice/openfeature-web'

describe('the public functions', () => {
  it('have a docstring with one example each', () => {
    expect(documented.map(({ name }) => name).sort()).toEqual([
      ...['SluiceProvider', 'SluiceWebProvider', 'createSluice', 'gate', 'gateContext', 'parseFlags'],
      ...['readDecision', 'sluice', 'testFlags'],
    ])
    for (const { name, examples } of documented) expect(examples.length, name).toBe(1)
  })

  it('say what they take, return and throw', () => {
    for (const { name, doc } of documented.filter((each) => !/^Sluice(?:Web)?Provider$/.test(each.name))) {
      expect(doc, name).toMatch(/@param /)
      expect(doc, name).toMatch(/@returns /)
    }
  })

  it('have examples that compile', async () => {
    await compile('pages', documented.filter(isOfPages), { lib: ['ES2024', 'DOM', 'DOM.Iterable'] })
    await compile(
      'servers',
      documented.filter((each) => !isOfPages(each)),
      { types: ['@cloudflare/workers-types'] },
    )
  })
})
