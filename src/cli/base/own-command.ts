/** How this program is started again. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { PROJECT_ROOT } from '../../local/build/project-root.ts'
import type { Terminal } from './terminal.ts'

const NAME = 'sluice'

/**
 * What starts this program in a folder. `npx sluice` only where npx finds it there: elsewhere that would fetch a package of
 * the same name from the registry, which may be a stranger's.
 *
 * @example ownCommand(terminal, folder) // 'npx sluice', 'sluice', or 'node ../sluice/bin/sluice.js'
 */
export function ownCommand({ script }: Pick<Terminal, 'script'>, folder: string): string {
  if (isInstalledFor(folder)) return `npx ${NAME}`
  if (basename(script) === NAME && !script.includes(`${sep}node_modules${sep}`)) return NAME
  return `node ${relative(folder, join(PROJECT_ROOT, 'bin', 'sluice.js')) || '.'}`
}

/** npx runs what is installed in the folder or above, and what the package itself is that the folder belongs to. */
function isInstalledFor(start: string): boolean {
  let isWithinPackage = false
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', '.bin', NAME))) return true
    const manifest = join(folder, 'package.json')
    if (!isWithinPackage && existsSync(manifest)) {
      if (binOf(manifest) !== undefined) return true
      isWithinPackage = true
    }
    // A folder with node_modules is where npm takes a package to begin.
    isWithinPackage ||= existsSync(join(folder, 'node_modules'))
    if (dirname(folder) === folder) return false
  }
}

function binOf(manifest: string): unknown {
  try {
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin?: Record<string, string> }
    return bin?.[NAME]
  } catch {
    // What npm can't read, it runs nothing of.
    return undefined
  }
}
