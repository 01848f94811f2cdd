/**
 * `npm run audit:licences [-- --write]`: the licences of all that this project ships or runs beside. Prints each package
 * with version and licence, and fails for one that is unknown or not allowed. THIRD-PARTY-LICENCES holds the notices of what
 * the bundles contain; it must be up to date, and `--write` makes it so.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { scriptArgs } from '../test-kit/script/script-args.ts'
import { bundledPackages } from './licences/bundled.ts'
import { isAllowed } from './licences/spdx.ts'

const { values } = scriptArgs({ options: { write: { type: 'boolean' } } })
const ROOT = resolve(import.meta.dirname, '..')
const NOTICES = join(ROOT, 'THIRD-PARTY-LICENCES')

/** Permissive: their terms are met by passing on the notice. */
const BUNDLED = [
  'MIT',
  'MIT-0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
]
/** What a project installs itself, and this one only runs: weak copyleft is fine there too. */
const BESIDE = [...BUNDLED, 'MPL-2.0', 'LGPL-3.0-or-later', 'Python-2.0', 'CC-BY-4.0']

type Package = { name: string; version: string; licence: string; folder: string }
type Manifest = {
  name: string
  version: string
  license?: string | { type: string }
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

const manifestIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

function packageIn(folder: string): Package {
  const { name, version, license } = manifestIn(folder)
  return {
    name,
    version,
    licence: (typeof license === 'object' ? license.type : license) ?? 'unknown',
    folder,
  }
}

/** The folder of an installed package, looked for as Node does. */
function installed(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name)
    if (existsSync(join(found, 'package.json'))) return found
    if (dirname(folder) === folder) return undefined
  }
}

/** The peer dependencies of this package, and all that they bring along on this system. */
function besidePackages(): Package[] {
  const found = new Map<string, Package>()
  const visit = (names: readonly string[], from: string) => {
    for (const name of names) {
      const folder = installed(name, from)
      if (folder === undefined || found.has(folder)) continue
      found.set(folder, packageIn(folder))
      const { dependencies = {}, optionalDependencies = {} } = manifestIn(folder)
      visit([...Object.keys(dependencies), ...Object.keys(optionalDependencies)], folder)
    }
  }
  visit(Object.keys(manifestIn(ROOT).peerDependencies ?? {}), ROOT)
  return [...found.values()]
}

/** What a package says about its licence; some have no file for it. */
function noticeOf({ name, version, licence, folder }: Package): string {
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file))
  const texts = files
    .toSorted()
    .map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim())
  const rule = '-'.repeat(80)
  return [
    rule,
    `${name} ${version} (${licence})`,
    rule,
    '',
    ...(texts.length > 0 ? texts : ['(no licence file)']),
  ].join('\n')
}

const byName = (a: Package, b: Package) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version)
const bundled = (await bundledPackages(ROOT)).map(packageIn).toSorted(byName)
const beside = besidePackages()
  .filter(({ folder }) => bundled.every((each) => each.folder !== folder))
  .toSorted(byName)

const complaints: string[] = []
for (const [title, packages, allowed] of [
  ['bundled', bundled, BUNDLED],
  ['run beside', beside, BESIDE],
] as const) {
  for (const each of packages) {
    const { name, version, licence } = each
    console.log(`${title.padEnd(10)}  ${licence.padEnd(24)}  ${name} ${version}`)
    if (!isAllowed(licence, allowed)) complaints.push(`${name} ${version} (${title}) is under ${licence}`)
    if (title === 'bundled' && noticeOf(each).endsWith('(no licence file)'))
      complaints.push(`${name} ${version} has no licence file`)
  }
}

const heading = 'Sluice contains the following packages. Their licences apply to them.'
const notices = `${[heading, ...bundled.map(noticeOf)].join('\n\n')}\n`
if (values.write) writeFileSync(NOTICES, notices)
const isFresh = existsSync(NOTICES) && readFileSync(NOTICES, 'utf8') === notices
if (!isFresh) complaints.push('THIRD-PARTY-LICENCES is out of date: npm run audit:licences -- --write')
for (const complaint of complaints) console.error(complaint)
process.exit(complaints.length > 0 ? 1 : 0)
