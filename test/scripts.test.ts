import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROJECT_ROOT } from '../src/local/build/project-root.ts'

const read = (path: string) => readFileSync(join(PROJECT_ROOT, path), 'utf8')
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
/** What `npm run NAME` runs; the command line and the demo in `src` speak for themselves. */
const PROGRAMS = Object.entries(scripts).flatMap(([name, command]) => {
  const [, file] = /^node .*?((?:scripts|bench|test)\/\S+\.ts)/.exec(command) ?? []
  return file === undefined ? [] : [{ name, file }]
})

const run = (file: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(PROJECT_ROOT, file), ...args], { encoding: 'utf8' })

describe('scripts', () => {
  it.each(PROGRAMS)('$name opens with its help, and reads no arguments itself', ({ file }) => {
    const source = read(file)
    expect(source).toMatch(/^\/\*\*/)
    expect(source).toContain('scriptArgs({')
    expect(source).not.toContain('process.argv')
  })

  it('--help prints the comment that opens the script', () => {
    const { status, stdout, stderr } = run('scripts/screenshots/main.ts', '--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^`npm run screenshots \[-- --docs\].*\ndark, on a desktop and on a phone\./)
  })

  it('an unknown option is wrong usage, told without a stack', () => {
    const { status, stdout, stderr } = run('bench/kill-forms/main.ts', '--fast')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^Unknown option '--fast'/)
    expect(stderr).toContain('npm run bench:kill-forms -- [--quick] [--json] [--write]')
    expect(stderr).not.toMatch(/^ {4}at /m)
  })
})
