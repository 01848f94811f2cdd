/** Secrets that `sluice deploy` makes: where they go, and what is printed of them. */
import { randomBytes } from 'node:crypto'
import type { Call } from '../base/command.ts'
import { readProfiles, writeProfiles } from './profiles.ts'

const SECRETS = ['ADMIN_TOKEN', 'SIGNING_KEY'] as const
type SecretName = (typeof SECRETS)[number]

/** `profile`: the one that has the admin token now. */
export type NewSecrets = { made: Partial<Record<SecretName, string>>; profile: string | null }
type Deployed = { name: string; address: string | null; present: readonly string[] }

/**
 * Makes the secrets that the Worker lacks. The admin token goes into a profile before the Worker has it, so that it cannot
 * be lost; logs of pipelines and terminals are no place for it.
 */
export async function storeSecrets(call: Call, { name, address, present }: Deployed): Promise<NewSecrets> {
  const made: NewSecrets['made'] = {}
  for (const secret of SECRETS)
    if (!present.includes(secret)) made[secret] = randomBytes(24).toString('base64url')
  const { ADMIN_TOKEN: token, ...others } = made
  if (token === undefined || call.options.has('print-secrets')) return { made, profile: null }
  if (address === null) {
    call.tell(
      'ADMIN_TOKEN was not created, as the gate has no address yet to store it for. Run: sluice deploy --print-secrets',
    )
    return { made: others, profile: null }
  }
  return { made, profile: await storeToken(call, name, { url: address, token }) }
}

/** Stores the token under the name of the Worker, or under one that no other gate has. */
async function storeToken(
  { terminal }: Call,
  name: string,
  profile: { url: string; token: string },
): Promise<string> {
  const { profiles, current } = await readProfiles(terminal)
  const isFree = (each: string) => !Object.hasOwn(profiles, each) || profiles[each]?.url === profile.url
  let free = name
  for (let number = 2; !isFree(free); number++) free = `${name}-${number}`
  await writeProfiles(terminal, { current: current ?? free, profiles: { ...profiles, [free]: profile } })
  return free
}

/** What is said of new secrets: their names; their values only where the user asks for them. */
export function printedSecrets(
  { made, profile }: NewSecrets,
  isPrinted: boolean,
): { json: object; text: string } {
  const json = { secretsMade: Object.keys(made), profile, ...(isPrinted && { secrets: made }) }
  if (isPrinted) {
    const lines = Object.entries(made).map(([name, value]) => `\n${name} ${value}`)
    return { json, text: lines.join('') }
  }
  if (profile === null) return { json, text: '' }
  const text = `\nthe admin token is in the profile ${profile}; for the dashboard, make one: sluice token create NAME --role admin --profile ${profile}`
  return { json, text }
}
