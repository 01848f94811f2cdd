/** Licences of what is shipped: allowed ones alone, and each with its notice beside the bundles. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { bundledPackages } from '../scripts/licences/bundled.ts'
import { isAllowed } from '../scripts/licences/spdx.ts'

const ALLOWED = ['MIT', 'Apache-2.0', 'ISC']

it.each([
  ['MIT', true],
  ['AGPL-3.0-only', false],
  ['GPL-3.0', false],
  ['unknown', false],
  ['UNLICENSED', false],
  ['SEE LICENSE IN LICENSE', false],
  ['', false],
  ['mit', false],
  ['MIT OR AGPL-3.0-only', true],
  ['(AGPL-3.0-only OR MIT)', true],
  ['(GPL-2.0 OR AGPL-3.0-only)', false],
  ['MIT AND ISC', true],
  ['MIT AND AGPL-3.0-only', false],
  ['(MIT OR GPL-2.0) AND ISC', true],
  ['(MIT OR GPL-2.0) AND AGPL-3.0-only', false],
  ['MIT AND (AGPL-3.0-only OR ISC)', true],
  ['GPL-2.0 OR (MIT AND ISC)', true],
  ['GPL-2.0 OR (MIT AND AGPL-3.0-only)', false],
])('%s: %s', (expression, expected) => {
  expect(isAllowed(expression, ALLOWED)).toBe(expected)
})

it('npm run audit:licences lists name, version and licence of each package, and finds nothing to refuse', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/audit-licences.ts'], {
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^bundled +MIT +hono \d+\.\d+\.\d+$/m)
  expect(stdout).toMatch(/^run beside +\S.* miniflare \S+$/m)
})

it('each package that a bundle contains has its notice in what is shipped', async () => {
  const notices = readFileSync('THIRD-PARTY-LICENCES', 'utf8')
  const folders = await bundledPackages(process.cwd())
  expect(folders.length).toBeGreaterThan(10)
  for (const folder of folders) {
    const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
    expect(notices).toContain(`\n${name} ${version} (`)
  }
  expect(notices.match(/^Copyright|^MIT License|^Permission is hereby/gm)?.length).toBeGreaterThan(10)
  const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: string[] }
  expect(files).toContain('THIRD-PARTY-LICENCES')
})
