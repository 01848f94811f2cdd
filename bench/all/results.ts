/** What the benchmarks say, by name: each runs in its own process, one after the other. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { DocumentResult } from '../document/report.ts'
import type { EvaluateResult } from '../evaluate/report.ts'
import { fromJson, type Report } from '../guard/report.ts'
import type { PropagationResult } from '../propagation/report.ts'
import type { ProxyResult } from '../proxy/report.ts'
import type { ScaleResult } from '../scale/report.ts'

export type Results = {
  proxy: ProxyResult
  evaluate: EvaluateResult
  document: DocumentResult
  propagation: PropagationResult
  scale: ScaleResult
  guard: Report
}
export type Name = keyof Results
export const NAMES: readonly Name[] = ['proxy', 'evaluate', 'document', 'propagation', 'scale', 'guard']

const ROOT = new URL('../../', import.meta.url)
const KEPT = new URL('build/bench.json', ROOT)

/** Results of the last runs, of whichever benchmarks have run. */
export function keptResults(): Partial<Results> {
  return existsSync(KEPT) ? (JSON.parse(readFileSync(KEPT, 'utf8'), revive) as Partial<Results>) : {}
}

export function keep(results: Partial<Results>): void {
  mkdirSync(new URL('.', KEPT), { recursive: true })
  writeFileSync(
    KEPT,
    JSON.stringify(results, (_, value) => (value === Infinity ? 'never' : value)),
  )
}

const revive = (_: string, value: unknown) => (value === 'never' ? Infinity : value)

/** Runs one benchmark. Throws where it gives no result. */
export async function run<N extends Name>(name: N, isQuick: boolean): Promise<Results[N]> {
  const main = fileURLToPath(new URL(`bench/${name}/main.ts`, ROOT))
  const mode = isQuick ? ['--quick'] : []
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--max-semi-space-size=128', main, '--json', ...mode],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let text = ''
  child.stdout.on('data', (data: Buffer) => {
    text += data
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  try {
    return fromJson(text) as unknown as Results[N]
  } catch {
    throw new Error(`Cannot read what bench:${name} says (exit code ${code}): ${text.slice(0, 200)}`)
  }
}
