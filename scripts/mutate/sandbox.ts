/** A copy of the working tree in which files can be broken while their owner goes on working. */
import { execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'

export type TestRun = {
  /** A fault that hangs is noticed as well. */
  timeoutMs: number
  /** Further options of vitest. */
  options?: readonly string[]
  onOutput?: (text: string) => void
}

export class Sandbox {
  readonly root: string

  constructor(name: string) {
    this.root = join(PROJECT_ROOT, 'build/mutate', name)
    rmSync(this.root, { recursive: true, force: true })
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: PROJECT_ROOT,
      encoding: 'utf8',
    })
    for (const file of listed
      .split('\0')
      .filter((each) => each !== '' && existsSync(join(PROJECT_ROOT, each)))) {
      mkdirSync(dirname(join(this.root, file)), { recursive: true })
      cpSync(join(PROJECT_ROOT, file), join(this.root, file))
    }
    symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(this.root, 'node_modules'))
    if (existsSync(join(PROJECT_ROOT, 'dist')))
      cpSync(join(PROJECT_ROOT, 'dist'), join(this.root, 'dist'), { recursive: true })
  }

  read(file: string): string {
    return readFileSync(join(this.root, file), 'utf8')
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.root, file), text)
  }

  files(pattern: string): string[] {
    return globSync(pattern, { cwd: this.root }).sort()
  }

  /** Runs test files, which may be given by the beginning of their path. */
  async test(
    project: string,
    files: readonly string[],
    { timeoutMs, options = [], onOutput = () => {} }: TestRun,
  ): Promise<'passed' | 'failed' | 'timed out'> {
    const child = spawn(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', '--project', project, '--retry', '0', ...options, ...files],
      { cwd: this.root, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, CI: '' } },
    )
    child.stdout.setEncoding('utf8').on('data', onOutput)
    child.stderr.resume()
    const killAll = () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }
    process.once('exit', killAll)
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      killAll()
    }, timeoutMs)
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    clearTimeout(timer)
    process.off('exit', killAll)
    return isLate ? 'timed out' : code === 0 ? 'passed' : 'failed'
  }
}
