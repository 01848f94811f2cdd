import { UsageError } from '../base/errors.ts'
import type { Verb } from '../base/verb.ts'

const DURATION: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

export const preview: Verb = {
  name: 'preview',
  group: 'Look',
  summary: 'A link that sets variants for whoever opens it',
  details:
    'Signed, and good for a time. It works on flags that are closed or rolled back; a killed flag stays closed.',
  arguments: [{ name: '<flag=variant...>', summary: 'what to see, such as new-checkout=on' }],
  options: [
    { flags: '--for TIME', summary: 'how long the link is good, such as 30m, 8h or 7d (24h)' },
    { flags: '--path PATH', summary: 'the page that the link leads to (/)' },
  ],
  examples: [['preview new-checkout=on --path /checkout --for 8h', 'a link for a tester']],
  failsWhen: 'there is no such flag or variant, or the gate has no SIGNING_KEY',
  async run(call) {
    const overrides = Object.fromEntries(call.args.map(overrideIn))
    const [path, time] = [call.options.text('path'), call.options.text('for')]
    const body = {
      overrides,
      ...(path !== undefined && { path }),
      ...(time !== undefined && { expiresInSeconds: secondsIn(time) }),
    }
    const answer = await call.ask('createPreview', { body })
    call.tell(`good until ${answer.expiresAt}`)
    return { json: answer, text: answer.url }
  },
}

function overrideIn(text: string): [string, string] {
  const at = text.lastIndexOf('=')
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)]
  throw new UsageError(`Cannot use ${text}: write FLAG=VARIANT, such as new-checkout=on`)
}

function secondsIn(text: string): number {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  if (amount !== undefined && unit !== undefined) return Number(amount) * (DURATION[unit] ?? 1)
  throw new UsageError(`Cannot use --for ${text}: write a time such as 30m, 8h or 7d`)
}
