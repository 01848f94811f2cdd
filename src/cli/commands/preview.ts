import type { CliCommand } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'

const DURATION: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

export const preview: CliCommand = {
  name: 'preview',
  group: 'Inspect',
  summary: 'Create a link that sets variants for the browser that opens it',
  details:
    'The link is signed and expires. It works on flags that are off or rolled back; a killed flag stays off.',
  arguments: [{ name: '<flag=variant...>', summary: 'the variant of each flag, such as new-checkout=on' }],
  options: [
    { flags: '--for TIME', summary: 'how long the link is valid, such as 30m, 8h or 7d (24h)' },
    {
      flags: '--path PATH',
      summary: 'the page that the link opens (/); a URL where the gate has an ADMIN_HOST',
    },
  ],
  examples: [['preview new-checkout=on --path /checkout --for 8h', 'a link for a tester']],
  failsWhen: 'there is no such flag or variant, or the gate has no SIGNING_KEY',
  async run(call) {
    const overrides = Object.fromEntries(call.args.map(overrideIn))
    const time = call.options.text('for')
    const path = call.options.text('path')
    if (path !== undefined && !/^(?:\/(?!\/)|https?:\/\/)/.test(path))
      throw new UsageError(`--path must be a path that begins with one "/", or a URL, not ${path}`)
    const body = {
      overrides,
      ...(path !== undefined && { path }),
      ...(time !== undefined && { expiresInSeconds: secondsIn(time) }),
    }
    const answer = await call.ask('createPreview', { body })
    call.tell(`valid until ${answer.expiresAt}`)
    return { json: answer, text: answer.url }
  },
}

function overrideIn(text: string): [string, string] {
  const at = text.lastIndexOf('=')
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)]
  throw new UsageError(`The argument must be FLAG=VARIANT, such as new-checkout=on, not ${text}`)
}

function secondsIn(text: string): number {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  if (amount !== undefined && unit !== undefined) return Number(amount) * (DURATION[unit] ?? 1)
  throw new UsageError(`--for must be a time such as 30m, 8h or 7d, not ${text}`)
}
