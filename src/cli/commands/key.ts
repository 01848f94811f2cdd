import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { messageOf } from '../../core/message-of.ts'
import { keysOf, SHARED_KEY_PURPOSES, type SharedKeyPurpose } from '../../platform/keys.ts'
import type { Call, CliCommand } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'

export const key: CliCommand = {
  name: 'key',
  group: 'Manage',
  summary: 'Print the key by which others verify what the gate signs',
  details:
    'Origins verify the Sluice-Signature of requests with the key "origin", receivers of webhooks that of messages with the key "webhook". Both are derived from SIGNING_KEY and lead to no other key: who knows one can make neither previews nor identities. The gate records who has asked it. With --signing-key-file no gate is asked, for a key that is not in use yet.',
  arguments: [{ name: '<purpose>', summary: 'origin or webhook', completes: SHARED_KEY_PURPOSES }],
  options: [
    {
      flags: '--signing-key-file FILE',
      summary: 'derive it from the SIGNING_KEY in a file ("-": standard input)',
    },
  ],
  examples: [
    ['key origin', 'for readDecision in the apps behind the gate'],
    ['key origin --signing-key-file next.key', 'before a rotation, for the apps that must take both keys'],
    ['key webhook --json', 'as JSON'],
  ],
  failsWhen: 'the gate has no SIGNING_KEY',
  async run(call) {
    const purpose = SHARED_KEY_PURPOSES.find((each) => each === call.args[0])
    if (purpose === undefined)
      throw new UsageError(`The purpose must be ${SHARED_KEY_PURPOSES.join(' or ')}, not ${call.args[0]}`)
    const answer = await keyFor(purpose, call)
    return { json: answer, text: answer.key }
  },
}

async function keyFor(purpose: SharedKeyPurpose, call: Call): Promise<{ purpose: string; key: string }> {
  const file = call.options.text('signing-key-file')
  if (file === undefined) return await call.ask('showKey', { params: { purpose } })
  return { purpose, key: (await keysOf(await readSigningKey(file, call)))[purpose] }
}

async function readSigningKey(file: string, { terminal }: Call): Promise<string> {
  const text =
    file === '-'
      ? await terminal.readInput()
      : await readFile(resolve(terminal.cwd, file), 'utf8').catch((error: unknown) => {
          throw new UsageError(`Cannot read the signing key: ${messageOf(error)}`)
        })
  // `wrangler secret put` drops white space around a value, too.
  const key = text.trim()
  if (key === '') throw new UsageError('Cannot read the signing key: there is none')
  return key
}
