/** This machine: Node, and what the package leaves to the project. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../core/message-of.ts'
import { readProfiles } from '../connection/profiles.ts'
import { hasCredentials, installed } from '../connection/wrangler.ts'
import { type Finding, fault, type Look, ok, warning } from './finding.ts'

/** commander and the prompts ask for it. */
const MIN_NODE = [20, 12] as const
/** wrangler refuses older ones. miniflare asks for it, too, and runs without. */
const MIN_NODE_OF_WRANGLER = [22, 0] as const

export const lookAtNode: Look = async ({ nodeVersion }) => {
  if (!isAtLeast(nodeVersion, MIN_NODE))
    return [
      fault(
        'Node',
        `it is ${nodeVersion}`,
        `install Node ${MIN_NODE.join('.')} or later; 22 for deploy and kill --kv`,
      ),
    ]
  if (!isAtLeast(nodeVersion, MIN_NODE_OF_WRANGLER))
    return [
      warning(
        'Node',
        `it is ${nodeVersion}: enough for all but deploy and kill --kv`,
        'install Node 22 or later, or: npm install --save-dev node',
      ),
    ]
  return [ok('Node', `it is ${nodeVersion}`)]
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

export const lookAtPackages: Look = async ({ folder, call }) => {
  const findings: Finding[] = []
  for (const [name, use] of [
    ['miniflare', 'sluice dev'],
    ['wrangler', 'sluice deploy and kill --kv'],
  ] as const)
    findings.push(
      installed(name, folder)
        ? ok(name, 'it is installed')
        : warning(name, `it is not installed, and "${use}" needs it`, `npm install --save-dev ${name}`),
    )
  if (existsSync(join(folder, 'wrangler.toml')) && !hasCredentials(call.terminal))
    findings.push(
      warning('Cloudflare', 'wrangler is not logged in', 'npx wrangler login, or set CLOUDFLARE_API_TOKEN'),
    )
  return findings
}

export const lookAtProfiles: Look = async ({ call: { terminal } }) => {
  try {
    const { profiles } = await readProfiles(terminal)
    const count = Object.keys(profiles).length
    return count === 0 ? [] : [ok('profiles', `${count} stored, readable by you alone`)]
  } catch (error) {
    return [fault('profiles', messageOf(error), 'see there')]
  }
}
