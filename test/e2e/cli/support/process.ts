/** The command line as people start it: a separate process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { eventually, inTime } from '../../harness/eventually.ts'

/** The command line of this repository. */
export const SLUICE = 'bin/sluice.js'

export type Started = {
  child: ChildProcess
  output(): { out: string; err: string }
  /** Waits for a line of standard output; gives what the pattern caught. */
  sees(pattern: RegExp): Promise<string>
  /** Waits for something on standard error. */
  isTold(text: string): Promise<void>
  /** Ends it with a signal; gives its exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts `sluice ARGS`; `script` is its bin file. No gate, profile or login of the person who runs the tests is seen. */
export function startSluice(script: string, args: readonly string[], cwd: string): Started {
  const env = { PATH: process.env.PATH, HOME: cwd, SLUICE_CONFIG_DIR: `${cwd}/no-profiles` }
  const child = spawn(process.execPath, [script, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const exit = once(child, 'close')
  // A test that fails half-way leaves nothing running.
  onTestFinished(() => void child.kill('SIGKILL'))
  const stillRuns = () => {
    if (child.exitCode !== null) throw new Error(`sluice ${args.join(' ')} ended: ${err}${out}`)
  }
  return {
    child,
    output: () => ({ out, err }),
    sees: (pattern) =>
      eventually(`${pattern} on standard output`, () => {
        const found = pattern.exec(out)
        if (found === null) stillRuns()
        return found?.[1] ?? found?.[0]
      }),
    isTold: async (text) => {
      await eventually(`"${text}" on standard error`, () => err.includes(text))
    },
    end: async (signal = 'SIGINT') => {
      if (child.exitCode === null) child.kill(signal)
      await inTime(`sluice ${args.join(' ')} has ended after ${signal}`, exit)
      return child.exitCode
    },
  }
}

/** Runs it to its end. */
export async function runSluice(script: string, args: readonly string[], cwd: string) {
  const started = startSluice(script, args, cwd)
  await inTime(`sluice ${args.join(' ')} has ended`, once(started.child, 'close'))
  return { code: started.child.exitCode, ...started.output() }
}
