/** Runs the command line inside the test, with a terminal made of buffers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { main } from '../../../src/cli/program/main.ts'

export type Ran = { code: number; out: string; err: string }

export type RunOptions = {
  cwd?: string
  env?: Readonly<Record<string, string>>
  input?: string
  isScreen?: boolean
  canAsk?: boolean
  stop?: AbortSignal
  /** Told of every piece of standard output as it is written. */
  onOut?: (text: string) => void
  onErr?: (text: string) => void
}

/** `sluice ARGS`; no profile of the person who runs the tests is seen. */
export async function sluice(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = { code: 0, out: '', err: '' }
  ran.code = await main(args, {
    out: (text) => {
      ran.out += text
      options.onOut?.(text)
    },
    err: (text) => {
      ran.err += text
      options.onErr?.(text)
    },
    outIsScreen: options.isScreen ?? false,
    errIsScreen: options.isScreen ?? false,
    canAsk: options.canAsk ?? false,
    columns: 100,
    env: { SLUICE_CONFIG_DIR: '/nonexistent/sluice', ...options.env },
    cwd: options.cwd ?? process.cwd(),
    script: '/usr/local/bin/sluice',
    readInput: async () => options.input ?? '',
    stop: options.stop ?? new AbortController().signal,
  })
  return ran
}

/** An empty folder that goes with the test. */
export async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
