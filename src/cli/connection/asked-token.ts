/** The token that a command stores. */
import { isCancel, password } from '@clack/prompts'
import type { Call } from '../base/command.ts'
import { Declined } from '../base/errors.ts'
import { readToken } from './connect.ts'

/** From --token-file, --token, SLUICE_TOKEN, or a prompt; undefined where none of them gives one. */
export async function askedToken({ options, terminal }: Call): Promise<string | undefined> {
  const file = options.text('token-file')
  if (file !== undefined) return await readToken(file, terminal)
  const known = options.text('token') ?? terminal.env.SLUICE_TOKEN
  if (known || !terminal.canAsk || options.has('yes')) return known || undefined
  const answer = await password({ message: 'Token of the admin API' })
  if (isCancel(answer)) throw new Declined()
  return answer || undefined
}
