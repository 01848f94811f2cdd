/** What is evaluated: the same flag in the format of each evaluator that can express it. */
import { importFlagd } from '../../src/interop/flagd/import.ts'
import { importUnleash } from '../../src/interop/unleash/import.ts'
import {
  type Evaluator,
  flagd,
  growthbook,
  sluice,
  sluiceOf,
  unleash,
  unleashFeature,
  type Visitor,
} from './rivals.ts'

/** What one call of the benchmark evaluates, and who can. `isSame`: each visitor gets the same answer from all. */
export type Task = { name: string; asked: readonly string[]; field: readonly Evaluator[]; isSame: boolean }

const VISITORS = 1_024
const DOCUMENT_FLAGS = 100
const COUNTRIES = ['RO', 'US', 'DE', 'FR', 'JP', 'BR']
const PERCENTAGE = 25
const PATTERN = '(?:Chrome|Firefox)/1[0-9]{2}'
const NETWORKS = ['10.0.0.0/8', '192.168.0.0/16', '81.2.69.0/24']
const ATTRIBUTES = Array.from({ length: 10 }, (_, index) => `attribute${index}`)
const FLAG = 'measured'

const variants = { on: true, off: false }

/** Browsers, new and old, of which the pattern finds some; versions and addresses, of which some are meant. */
export const visitors: readonly Visitor[] = Array.from({ length: VISITORS }, (_, index) => {
  const version = 80 + (index % 60)
  const userAgent =
    index % 3 === 0
      ? `Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`
      : `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`
  return {
    id: `visitor-${index}`,
    // One of seven is from elsewhere.
    country: [...COUNTRIES, 'AU'][index % 7] ?? 'AU',
    userAgent,
    appVersion: `${1 + (index % 3)}.${index % 10}.${index % 4}`,
    ip: `${index % 2 === 0 ? '81.2.69' : '81.2.70'}.${index % 250}`,
    ...Object.fromEntries(
      ATTRIBUTES.map((name, place) => [name, place === 9 && index % 2 === 0 ? 'z' : 'b']),
    ),
  }
})

const sticky = {
  flag: {
    variants,
    off: 'off',
    rules: [
      { when: [{ attribute: 'country', op: 'in', values: COUNTRIES }], percentage: PERCENTAGE, serve: 'on' },
    ],
  },
  flagd: flagdFlag(
    { in: [{ var: 'country' }, COUNTRIES] },
    {
      fractional: [
        ['on', PERCENTAGE],
        ['off', 100 - PERCENTAGE],
      ],
    },
  ),
  unleash: (name: string) =>
    unleashFeature(name, {
      name: 'flexibleRollout',
      parameters: { rollout: `${PERCENTAGE}`, stickiness: 'userId', groupId: name },
      constraints: [{ contextName: 'country', operator: 'IN', values: COUNTRIES, inverted: false }],
    }),
  growthbook: {
    defaultValue: false,
    rules: [
      {
        force: true,
        condition: { country: { $in: COUNTRIES } },
        coverage: PERCENTAGE / 100,
        hashAttribute: 'id',
      },
    ],
  },
}

function flagdFlag(condition: object, served: object | string = 'on'): object {
  return { state: 'ENABLED', variants, defaultVariant: 'off', targeting: { if: [condition, served, 'off'] } }
}

const sluiceWhen = (...when: object[]) =>
  sluice({ [FLAG]: { variants, off: 'off', rules: [{ when, serve: 'on' }] } }, visitors)
const flagdWhen = (condition: object) => flagd({ [FLAG]: flagdFlag(condition) }, visitors)
const unleashWhen = (strategy: object) => unleash({ [FLAG]: unleashFeature(FLAG, strategy) }, visitors)
const growthbookWhen = (condition: object) =>
  growthbook({ [FLAG]: { defaultValue: false, rules: [{ force: true, condition }] } }, visitors)

const task = (name: string, ...field: Evaluator[]): Task => ({ name, asked: [FLAG], field, isSame: true })

function stickyTasks(): Task[] {
  const flags = Array.from({ length: DOCUMENT_FLAGS }, (_, index) => `flag-${index}`)
  const each = (flagOf: (name: string) => object) =>
    Object.fromEntries(flags.map((name) => [name, flagOf(name)]))
  const field = [
    sluice(
      each(() => sticky.flag),
      visitors,
    ),
    flagd(
      each(() => sticky.flagd),
      visitors,
    ),
    unleash(each(sticky.unleash), visitors),
    growthbook(
      each(() => sticky.growthbook),
      visitors,
    ),
  ]
  for (const evaluator of field) checkShare(evaluator, flags[0] ?? '')
  const isSame = false
  return [
    { name: 'one flag', asked: flags.slice(0, 1), field, isSame },
    { name: 'ten flags', asked: flags.slice(0, 10), field, isSame },
    { name: `all ${DOCUMENT_FLAGS} flags of a document`, asked: flags, field, isSame },
  ]
}

/** A rival that is configured wrongly would be fast for nothing. */
function checkShare({ name, isOn }: Evaluator, flag: string): void {
  const on = visitors.filter((_, visitor) => isOn(flag, visitor))
  const share = on.length / ((visitors.length * 6) / 7)
  const isRight = share > 0.19 && share < 0.31 && on.every(({ country }) => country !== 'AU')
  if (!isRight)
    throw new Error(`${name} turns the flag on for ${(100 * share).toFixed(1)} %, instead of 25 %`)
}

/** An imported flag keeps its own split: each visitor stays where the other system had put them. */
function imported(source: object, importer: (text: string) => ReturnType<typeof importFlagd>): Evaluator {
  const result = importer(JSON.stringify(source))
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return sluiceOf(result.document, visitors)
}

export function tasks(): Task[] {
  const values = ['a', 'b']
  const features = [sticky.unleash(FLAG)]
  const flagdFile = { flags: { [FLAG]: sticky.flagd } }
  return [
    ...stickyTasks(),
    task(
      '`matches` on the user agent',
      sluiceWhen({ attribute: 'userAgent', op: 'matches', values: [PATTERN] }),
      growthbookWhen({ userAgent: { $regex: PATTERN } }),
    ),
    task(
      '`semver_gte`',
      sluiceWhen({ attribute: 'appVersion', op: 'semver_gte', values: ['2.5.0'] }),
      flagdWhen({ sem_ver: [{ var: 'appVersion' }, '>=', '2.5.0'] }),
      unleashWhen({
        name: 'default',
        constraints: [
          { contextName: 'appVersion', operator: 'SEMVER_LT', value: '2.5.0', values: [], inverted: true },
        ],
      }),
      growthbookWhen({ appVersion: { $vgte: '2.5.0' } }),
    ),
    task(
      '`in_cidr`, three networks',
      sluiceWhen({ attribute: 'ip', op: 'in_cidr', values: NETWORKS }),
      unleashWhen({ name: 'remoteAddress', parameters: { IPs: NETWORKS.join(',') } }),
    ),
    task(
      'ten conditions',
      sluiceWhen(...ATTRIBUTES.map((attribute) => ({ attribute, op: 'in', values }))),
      flagdWhen({ and: ATTRIBUTES.map((name) => ({ in: [{ var: name }, values] })) }),
      unleashWhen({
        name: 'default',
        constraints: ATTRIBUTES.map((contextName) => ({
          contextName,
          operator: 'IN',
          values,
          inverted: false,
        })),
      }),
      growthbookWhen(Object.fromEntries(ATTRIBUTES.map((name) => [name, { $in: values }]))),
    ),
    task(
      'a flag imported from Unleash',
      imported({ version: 1, features }, (text) => importUnleash(text)),
      unleash({ [FLAG]: sticky.unleash(FLAG) }, visitors),
    ),
    task('a flag imported from flagd', imported(flagdFile, importFlagd), flagd(flagdFile.flags, visitors)),
  ]
}

/** Evaluators that answer differently would be compared on different work. */
export function checkAgreement({ name, field }: Task): void {
  const answers = field.map(({ isOn }) => visitors.map((_, visitor) => isOn(FLAG, visitor)))
  const [first = []] = answers
  const different = answers.findIndex((each) => each.join() !== first.join())
  if (different > 0)
    throw new Error(`${name}: ${field[0]?.name} and ${field[different]?.name} answer differently`)
  if (!first.includes(true) || !first.includes(false)) throw new Error(`${name}: all visitors get the same`)
}
