/** The files that `sluice init` writes, as text. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { countryCodeOf, isCountryCode } from '../../core/context/countries.ts'
import { PROJECT_ROOT } from '../../local/build/project-root.ts'
import { type Places, withAdminHost, withPlaces } from '../base/wrangler-toml.ts'
import { DEV_VARS } from '../connection/dev-vars.ts'
import { LOCAL_FOLDER } from '../connection/local-gate-note.ts'
import { readableJson } from '../render/json.ts'
import { GATE_DASHBOARD, GATE_MAIN } from './gate-folder.ts'

export type Wishes = {
  name: string
  old: string
  new: string
  flag: string
  owner: string | undefined
  /** What names a visitor who is logged in; without it all visitors are told apart by the gate's own cookie. */
  identity?: Identity | undefined
  /** Who is told of rollbacks and approvals. */
  webhook?: string | undefined
  /** A custom domain for the dashboard; without one `sluice deploy` sets the address on workers.dev. */
  adminHost?: string | undefined
  /** Where Durable Objects are to be made. */
  places?: Places | undefined
  /** Two-letter codes; empty for all visitors. */
  countries: readonly string[]
}

export type Identity = { cookie: string } | { header: string }

/** "uid" and "cookie:uid" are a cookie, "header:x-user-id" a header; undefined for what can be neither. */
export function identityIn(text: string): Identity | undefined {
  const [, kind = 'cookie', name = ''] =
    /^(?:(cookie|header):)?\s*([\w!#$%&'*+.^`|~-]+)$/.exec(text.trim()) ?? []
  if (name === '') return undefined
  return kind === 'header' ? { header: name.toLowerCase() } : { cookie: name }
}

/** The country codes of a text: codes or names, separated by commas; codes also by spaces. */
export function countriesIn(text: string): string[] {
  return text
    .split(',')
    .flatMap((part) => (countryCodeOf(part) === undefined ? part.split(/\s+/) : [part]))
    .filter((each) => each !== '')
    .map((each) => countryCodeOf(each) ?? each.toUpperCase())
}

/** The first that is not a country code, such as RO, or T1 for Tor. */
export function invalidCountry(countries: readonly string[]): string | undefined {
  return countries.find((each) => !isCountryCode(each))
}

/** File name → text. */
export async function initFiles(wishes: Wishes, namespaceId?: string): Promise<Record<string, string>> {
  const schema = await readFile(join(PROJECT_ROOT, 'config/sluice.schema.json'), 'utf8')
  return {
    'gate.json': documentFor(wishes),
    'sluice.schema.json': schema,
    'wrangler.toml': await wranglerToml(wishes, namespaceId),
    [DEV_VARS]: devVars(),
    '.gitignore': `node_modules/\n${LOCAL_FOLDER}/\n.wrangler/\n${DEV_VARS}\n`,
  }
}

/** Begins with testers alone: a deployment alone moves no visitor, and half of them move only with a word. */
function documentFor({ old, new: next, flag, owner, identity, webhook, countries }: Wishes): string {
  const document = {
    $schema: './sluice.schema.json',
    origins: { old: { url: old }, new: { url: next } },
    ...(identity && { context: { targetingKey: [identity] } }),
    publishing: { confirmAbovePercent: 10 },
    notifications: { webhooks: webhook === undefined ? [] : [{ url: webhook }] },
    routes: [{ path: '/*', flag, origins: { on: 'new', off: 'old' } }],
    flags: {
      [flag]: {
        description: 'Moves visitors from the old origin to the new one',
        ...(owner && { owner }),
        variants: { on: true, off: false },
        off: 'off',
        rules: [
          {
            name: 'testers',
            when: [{ attribute: 'cookie.tester', op: 'in', values: ['1'] }],
            serve: 'on',
          },
          {
            name: 'canary',
            ...(countries.length > 0 && {
              when: [{ attribute: 'country', op: 'in', values: countries }],
            }),
            stages: [
              { percentage: 0, bake: '0s', advance: 'manual' },
              { percentage: 1, bake: '10m' },
              { percentage: 5, bake: '30m' },
              { percentage: 25, bake: '1h', approval: true },
              { percentage: 50, bake: '1h' },
              { percentage: 100 },
            ],
            serve: 'on',
          },
        ],
        guard: { errors: {}, latency: {}, ceilings: { errorRate: 0.2 } },
      },
    },
  }
  return `${readableJson(document)}\n`
}

/** Made from this package's own wrangler.toml, so that bindings and dates are the same. */
async function wranglerToml({ name, adminHost, places = {} }: Wishes, namespaceId?: string): Promise<string> {
  const own = await readFile(join(PROJECT_ROOT, 'wrangler.toml'), 'utf8')
  const replacements: readonly (readonly [RegExp, string])[] = [
    [/^name = .*$/m, `name = "${name}"`],
    [
      /^main = .*$/m,
      `# Written by "sluice build" and "sluice deploy", with gate.json built in.\nmain = "${GATE_MAIN}"`,
    ],
    [/\(or from the environment by `npm start`\)/, `(locally: ${DEV_VARS})`],
    [/^directory = .*$/m, `directory = "${GATE_DASHBOARD}"`],
    [/^\[build\]\ncommand = .*\n\n/m, ''],
    ...(namespaceId === undefined
      ? []
      : [[/^binding = "GATE"$/m, `binding = "GATE"\nid = "${namespaceId}"`] as const]),
  ]
  const text = replacements.reduce((each, [pattern, replacement]) => each.replace(pattern, replacement), own)
  const placed = withPlaces(text, places)
  return adminHost === undefined ? placed : withAdminHost(placed, adminHost)
}

function devVars(): string {
  const secret = () => randomBytes(24).toString('base64url')
  return `ADMIN_TOKEN=${secret()}\nSIGNING_KEY=${secret()}\n`
}
