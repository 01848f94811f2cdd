/**
 * The npm that runs this process. A signal sent to npm alone (by a supervisor, or by the program that started it) ends
 * npm and never reaches this process, which would live on with its port taken.
 */
import { readFileSync } from 'node:fs'

const LOOK_EVERY_MS = 100

/** Resolves when the npm that started this process is gone; never where npm did not start it. */
export async function launcherGone(): Promise<void> {
  if (process.env.npm_lifecycle_event === undefined) return await new Promise(() => {})
  const shell = process.ppid
  // A shell stays between npm and this process; killing npm by force leaves the shell alive, with another parent.
  const npm = parentOf(shell)
  await new Promise<void>((gone) => {
    const timer = setInterval(() => {
      if (process.ppid === shell && parentOf(shell) === npm) return
      clearInterval(timer)
      gone()
    }, LOOK_EVERY_MS)
    timer.unref()
  })
}

/** A process's parent, on systems that tell it as a file. */
function parentOf(pid: number): string | undefined {
  try {
    // "pid (name) state parent …", and the name may hold anything.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]
  } catch {
    return undefined
  }
}
