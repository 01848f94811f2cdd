/** The browser that tests drive: the one that `CHROMIUM` names (empty: none), or the system's. */
import { existsSync } from 'node:fs'

export const CHROMIUM: string | undefined =
  process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path))

/** Whether there is one; tests that need it are skipped otherwise, and the run's last lines say so. */
export const hasBrowser = Boolean(CHROMIUM)
