import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Plugin } from 'esbuild'
import { parseDocument } from '../../core/config/parse/parse.ts'
import { describeProblems } from '../../core/config/parse/problems.ts'
import { readText } from './documents.ts'
import { PROJECT_ROOT } from './project-root.ts'

export { PROJECT_ROOT } from './project-root.ts'

export type BuildOptions = {
  outfile: string
  /** The gate document to build in, as text; default: config/gate.json. */
  document?: string
  /** Leaves the document out: the module imports it from here. */
  documentModule?: string
  minify?: boolean
  /** The module to bundle; default: src/index.ts. */
  entry?: string
}

const TARGET = 'es2024'
const SOURCE_ENTRY = resolve(PROJECT_ROOT, 'src/index.ts')

/** What a build gave; `inputs` are the source files, with the bytes that each takes in the output. */
export type BuiltWorker = { bytes: number; inputs: readonly { file: string; bytes: number }[] }

/**
 * Bundles the Worker into one ES module that plain workerd can run. Throws, with the list of problems, when the
 * document that is to be built in is not valid.
 */
export async function buildWorker(options: BuildOptions): Promise<BuiltWorker> {
  const { outfile, document, documentModule, minify = true, entry = SOURCE_ENTRY } = options
  const text = document ?? (await readText(resolve(PROJECT_ROOT, 'config/gate.json')))
  const parsed = parseDocument(text)
  if (!parsed.ok) throw new Error(`Cannot build in the gate document\n${describeProblems(parsed.problems)}`)
  // Loaded here, because the command line runs without it where the package is installed.
  const { build, transform } = await import('esbuild')
  const result = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    target: TARGET,
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['module', 'main'],
    external: ['cloudflare:*', 'node:*'],
    minify,
    legalComments: 'none',
    metafile: true,
    logLevel: 'silent',
    plugins: [documentModule === undefined ? builtIn(text) : leftOut(documentModule), withoutUnused],
  })
  const [output] = Object.values(result.metafile.outputs)
  const bytes = minify ? await minifyAgain(outfile, transform) : (output?.bytes ?? 0)
  const inputs = Object.entries(output?.inputs ?? {}).map(([file, input]) => ({
    file,
    bytes: input.bytesInOutput,
  }))
  return { bytes, inputs }
}

/** What bundling has brought together gets shorter names in a second pass. Returns the bytes. */
async function minifyAgain(file: string, transform: typeof import('esbuild').transform): Promise<number> {
  const text = await readFile(file, 'utf8')
  const { code } = await transform(text, { minify: true, format: 'esm', target: TARGET })
  await writeFile(file, code)
  return Buffer.byteLength(code)
}

/** Hono's parts for bodies of forms, mounted apps and HTML: no endpoint has any, and Hono's classes hold on to them. */
const UNUSED = /[\\/]hono[\\/]dist[\\/]utils[\\/](?:body|mount|html)\.js$/
const UNUSED_TEXT = `const absent = () => { throw new Error('Not built in: see build-worker.ts') }
export { absent as parseBody, absent as createMountedRequest, absent as resolveCallback }
export const HtmlEscapedCallbackPhase = {}`

const withoutUnused: Plugin = {
  name: 'without-unused',
  setup: ({ onLoad }) => {
    onLoad({ filter: UNUSED }, () => ({ contents: UNUSED_TEXT, loader: 'js' }))
  },
}

const EXAMPLE = /[\\/]config[\\/]gate\.json$/

function builtIn(text: string): Plugin {
  return {
    name: 'built-in-document',
    setup: ({ onLoad }) => onLoad({ filter: EXAMPLE }, () => ({ contents: text, loader: 'json' })),
  }
}

function leftOut(path: string): Plugin {
  return {
    name: 'left-out-document',
    setup: ({ onResolve }) => onResolve({ filter: EXAMPLE }, () => ({ path, external: true })),
  }
}
