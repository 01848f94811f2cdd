import { compileSnapshot } from '../../core/config/compile/snapshot.ts'
import { type ControlState, compileControl, INITIAL_CONTROL_STATE } from '../../core/config/control.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import {
  type GroupShares,
  type Mixture,
  type SimulatedFlag,
  simulateFlags,
} from '../../core/decision/population.ts'
import { Refusal, UsageError } from '../base/errors.ts'
import type { Options } from '../base/options.ts'
import type { Paint } from '../base/terminal.ts'
import type { Verb } from '../base/verb.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { attributesIn } from '../document/visitor-options.ts'
import { table } from '../render/table.ts'

const DEFAULT_VISITORS = 10_000
const MOST_VISITORS = 1_000_000
const DEVICES = { desktop: 50, mobile: 45, tablet: 5 }
/** Stands for all countries that no rule names; no country has this code. */
const ELSEWHERE = 'ZZ'

export const simulate: Verb = {
  name: 'simulate',
  group: 'Document',
  summary: 'Shares per country and device, for visitors that are made up',
  details:
    'Needs no gate: the real decision, for a synthetic population, by the document of a file. Countries are those that rules name, and ZZ for all others, unless --countries says otherwise.',
  arguments: [{ name: '[file]', summary: 'the document (gate.json)', completes: 'files' }],
  options: [
    { flags: '--flag KEY', summary: 'only this flag; can be repeated', kind: 'list' },
    { flags: '--stage N', summary: 'with every rollout at this stage, from 0 (0)', kind: 'number' },
    { flags: '--visitors N', summary: `how many (${DEFAULT_VISITORS})`, kind: 'number' },
    { flags: '--countries LIST', summary: 'countries with weights, such as US=60,RO=40' },
    { flags: '--devices LIST', summary: 'devices with weights (desktop=50,mobile=45,tablet=5)' },
    { flags: '-a, --attribute NAME=VALUE', summary: 'what all visitors have', kind: 'list' },
    { flags: '--environment NAME', summary: 'where the gate runs (production)' },
  ],
  examples: [
    ['simulate', 'who would get what at the first stage'],
    ['simulate --stage 1 --countries US=60,RO=40', 'at the second stage, with countries as they come'],
    ['simulate --flag new-checkout --attribute accountType=pro --json', 'one flag, for a kind of visitors'],
  ],
  failsWhen: 'the document has problems',
  async run({ args, options, terminal, paint }) {
    const file = await readDocumentFile(args[0], terminal)
    const document = parsedDocument(file)
    const flags = flagsIn(options, document)
    const stage = wholeNumber(options, 'stage', 0, 1_000)
    const visitors = wholeNumber(options, 'visitors', DEFAULT_VISITORS, MOST_VISITORS)
    const mixture = {
      country: countriesFor(options, document),
      device: weightsIn(options, 'devices') ?? DEVICES,
    }
    const common = attributesIn(options.list('attribute'))
    const snapshot = compileSnapshot(document)
    const environment = options.text('environment') ?? 'production'
    const control = compileControl(atStage(document, stage), [])
    const inputs = { flags: snapshot.flags, control, environment, nowMs: Date.now(), overrides: undefined }
    const simulated = simulateFlags(
      snapshot,
      flags,
      { visitors, mixture: without(mixture, common), common },
      inputs,
    )
    const heading = `${visitors.toLocaleString('en')} visitors, ${file.name}, stage ${stage}`
    const tables = simulated.map((each) => simulatedText(each, paint))
    return { json: { visitors, stage, flags: simulated }, text: [heading, ...tables].join('\n\n') }
  },
}

function flagsIn(options: Options, { flags }: GateDocument): string[] {
  const asked = options.list('flag')
  const unknown = asked.find((key) => !Object.hasOwn(flags, key))
  if (unknown !== undefined) throw new Refusal(`The document has no flag ${unknown}`)
  return asked.length > 0 ? [...asked] : Object.keys(flags)
}

function wholeNumber(options: Options, name: string, otherwise: number, most: number): number {
  const value = options.number(name) ?? otherwise
  if (Number.isInteger(value) && value <= most) return value
  throw new UsageError(
    `Cannot use --${name} ${value}: it is a whole number, ${most.toLocaleString('en')} at most`,
  )
}

/** Countries that rules name, each with the same weight, and as many visitors from elsewhere. */
function countriesFor(options: Options, { flags }: GateDocument): Record<string, number> {
  const given = weightsIn(options, 'countries')
  if (given !== undefined) return given
  const conditions = Object.values(flags).flatMap(({ rules }) => rules.flatMap(({ when }) => when))
  const named = conditions.filter(({ attribute }) => attribute === 'country').flatMap(({ values }) => values)
  const countries = [...new Set(named.filter((value) => typeof value === 'string'))]
  return {
    ...Object.fromEntries(countries.map((each) => [each, 1])),
    [ELSEWHERE]: Math.max(1, countries.length),
  }
}

/** `US=60,RO=40`, or names alone, which then weigh the same. */
function weightsIn(options: Options, name: string): Record<string, number> | undefined {
  const text = options.text(name)
  if (text === undefined) return undefined
  const weights = text.split(',').map((part): [string, number] => {
    const [value = '', weight = '1'] = part.trim().split('=')
    if (value !== '' && /^\d{1,9}$/.test(weight)) return [value, Number(weight)]
    throw new UsageError(`Cannot use --${name} ${part}: write NAME=WEIGHT, with a whole number`)
  })
  if (weights.every(([, weight]) => weight === 0))
    throw new UsageError(`Cannot use --${name} ${text}: nobody is left`)
  return Object.fromEntries(weights)
}

function atStage({ flags }: GateDocument, stage: number): ControlState {
  const controls = Object.keys(flags).map((key) => [key, { generation: 1, stage }])
  return { ...INITIAL_CONTROL_STATE, flags: Object.fromEntries(controls) }
}

/** What all visitors have in common does not differ between them. */
function without(mixture: Mixture, common: object): Mixture {
  return Object.fromEntries(
    Object.entries(mixture).filter(([attribute]) => !Object.hasOwn(common, attribute)),
  )
}

function simulatedText({ flag, groups }: SimulatedFlag, paint: Paint): string {
  const variants = [...new Set(groups.flatMap((group) => Object.keys(group.variants)))].sort()
  const header = [paint('bold', flag), ...['visitors', ...variants].map((name) => paint('dim', name))]
  return table([header, ...groups.map((group) => groupRow(group, variants))])
}

function groupRow(
  { attribute, value, visitors, variants }: GroupShares,
  columns: readonly string[],
): string[] {
  const shares = columns.map((variant) => `${((100 * (variants[variant] ?? 0)) / visitors).toFixed(1)} %`)
  const label = attribute === '' ? 'all' : `${attribute} ${value}`
  return [`  ${label}`, visitors.toLocaleString('en'), ...shares]
}
