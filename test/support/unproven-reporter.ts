/**
 * The last lines of a run: its seed, and what it has not proven because tests were skipped. A run without a browser
 * must not look like a run with one.
 */
import { readFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'
import { hasBrowser } from './browser.ts'

export class UnprovenReporter implements Reporter {
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = [`Seed ${this.#seed}; the same random tests again: SLUICE_SEED=${this.#seed}.`]
    const long = skippedOf(modules, 'LONG')
    if (long.tests > 0) lines.push(`${long.tests} long forms were not run: npm run test:long.`)
    const browser = hasBrowser ? NOTHING : skippedOf(modules, 'hasBrowser')
    if (browser.tests > 0) {
      lines.push(
        '',
        'NOT PROVEN: dashboard, page helper and everything else that a browser must show.',
        `There is no Chromium, and ${browser.tests} tests of ${browser.files.length} files were skipped:`,
        ...browser.files.map((file) => `  ${file}`),
        'Install it (Debian: apt-get install chromium), or name one: CHROMIUM=/path/to/chromium npm test.',
      )
    }
    console.log(`\n${lines.join('\n')}\n`)
  }
}

type Skipped = { tests: number; files: string[] }
const NOTHING: Skipped = { tests: 0, files: [] }

/** Skipped tests of files that name the condition. */
function skippedOf(modules: readonly TestModule[], condition: string): Skipped {
  const found = modules
    .map((module) => ({ module, skipped: [...module.children.allTests('skipped')].length }))
    .filter(({ module, skipped }) => skipped > 0 && readFileSync(module.moduleId, 'utf8').includes(condition))
  return {
    tests: found.reduce((sum, { skipped }) => sum + skipped, 0),
    files: found.map(({ module }) => module.relativeModuleId),
  }
}
