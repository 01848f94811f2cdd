/** The gates that this user and folder know: which one was meant where an address leads to none. */
import { closest } from '../../core/config/parse/problems.ts'
import { type Address, addressText } from '../base/errors.ts'
import type { Terminal } from '../base/terminal.ts'
import { readLocalGate } from './local-gate-note.ts'
import { readProfiles } from './profiles.ts'

const MOST_NAMED = 3

/**
 * A question or a list for the end of a message; empty where no other gate is known. It never fails: someone who kills a flag
 * does not wait for a file that can't be read.
 *
 * @example ' Did you mean https://www.example.com (the profile main)?'
 */
export async function meantInstead(url: string, terminal: Terminal): Promise<string> {
  const others = (await knownGates(terminal).catch(() => [])).filter((each) => each.url !== url)
  const near = closest(
    url,
    others.map((each) => each.url),
  )
  const guess = others.find((each) => each.url === near)
  if (guess !== undefined) return ` Did you mean ${addressText(guess)}?`
  if (others.length === 0) return ''
  return ` Gates that are known here: ${others.slice(0, MOST_NAMED).map(addressText).join(', ')}.`
}

async function knownGates(terminal: Terminal): Promise<Address[]> {
  const [local, { profiles }] = await Promise.all([readLocalGate(terminal.cwd), readProfiles(terminal)])
  const { SLUICE_URL: url } = terminal.env
  const all = [
    ...(local === undefined ? [] : [{ url: local.url, source: local.source }]),
    ...(url ? [{ url, source: 'SLUICE_URL' }] : []),
    ...Object.entries(profiles).map(([name, profile]) => ({
      url: profile.url,
      source: `the profile ${name}`,
    })),
  ]
  return [...new Map(all.toReversed().map((each) => [each.url, each])).values()].toReversed()
}
