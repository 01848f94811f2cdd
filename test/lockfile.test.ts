import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

type Entry = {
  version?: string
  integrity?: string
  resolved?: string
  license?: string
  optionalDependencies?: object
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Entry> }

/** Whether a package installed at `at` finds `name`, as Node looks for it: from its own folder upwards. */
function finds(at: string, name: string): boolean {
  if (lock.packages[`${at ? `${at}/` : ''}node_modules/${name}`]) return true
  if (at === '') return false
  const parent = at.lastIndexOf('/node_modules/')
  return finds(parent < 0 ? '' : at.slice(0, parent), name)
}

describe('package-lock.json', () => {
  it('holds the builds of every package for every system, so that `npm ci` works on each', () => {
    const missing = Object.entries(lock.packages).flatMap(([at, entry]) =>
      Object.keys(entry.optionalDependencies ?? {})
        .filter((name) => !finds(at, name))
        .map((name) => `${at} needs ${name}`),
    )
    expect(missing).toEqual([])
  })

  it('names no registry, and knows what each package must contain', () => {
    const { '': _project, ...packages } = lock.packages
    for (const [at, entry] of Object.entries(packages)) {
      expect(entry.resolved, at).toBeUndefined()
      expect(entry.integrity, at).toMatch(/^sha512-/)
    }
  })

  it.each(['react-router', 'next'])('of the app by %s names no registry either', (framework) => {
    const file = `test/fixtures/${framework}/package-lock.json`
    const { packages } = JSON.parse(readFileSync(file, 'utf8')) as typeof lock
    const named = Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)
    expect([named, Object.keys(packages).length > 10]).toEqual([[], true])
  })

  it('has nothing whose licence would bind those who use the gate', () => {
    const binding = Object.entries(lock.packages).filter(([, { license = '' }]) =>
      // Of libraries that tools load, LGPL asks nothing; they are no part of what is built.
      /\b(AGPL|GPL|SSPL|BUSL|RSAL|Elastic|CC-BY-NC|UNLICENSED)/.test(license.replaceAll('LGPL', '')),
    )
    expect(binding.map(([at, { license }]) => `${at}: ${license}`)).toEqual([])
  })
})
