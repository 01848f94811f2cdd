/** The workerd program, as wrangler and miniflare bring it along, on a configuration of one's own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { parse } from 'smol-toml'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'

export type RunningWorkerd = { pid: number; close(): Promise<void> }

const START_DEADLINE_MS = 60_000

/** Runs a configuration file and waits until every URL answers. Throws, with what workerd said, when one doesn't. */
export async function runWorkerd(config: string, urls: readonly string[]): Promise<RunningWorkerd> {
  const child = spawn(workerdPath(), ['serve', '--experimental', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr?.on('data', (data: Buffer) => {
    said = `${said}${data}`.slice(-4_000)
  })
  const close = () => ended(child)
  try {
    await Promise.all(urls.map((url) => answers(url, child)))
  } catch {
    await close()
    throw new Error(`Cannot start workerd: ${said || 'it does not answer'}`)
  }
  return { pid: child.pid ?? 0, close }
}

export type Compatibility = { compatibility_date: string; compatibility_flags: string[] }

/** What the Worker is deployed with. */
export async function compatibility(): Promise<Compatibility> {
  return parse(await readFile(resolve(PROJECT_ROOT, 'wrangler.toml'), 'utf8')) as Compatibility
}

function workerdPath(): string {
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve('miniflare'))
  return (fromMiniflare('workerd') as { default: string }).default
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + START_DEADLINE_MS
  while (child.exitCode === null && performance.now() < deadlineMs) {
    try {
      await (await fetch(url)).body?.cancel()
      return
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${url} does not answer`)
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
