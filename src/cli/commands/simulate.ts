import { stageText } from '../../contract/words/flag-state.ts'
import { compileSnapshot } from '../../core/config/compile/snapshot.ts'
import { type ControlState, compileControl, INITIAL_CONTROL_STATE } from '../../core/config/control.ts'
import { meant } from '../../core/config/parse/problems.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import {
  type GroupShares,
  type Mixture,
  type SimulatedFlag,
  simulateFlags,
} from '../../core/decision/population.ts'
import { countText, plural } from '../../core/figures.ts'
import { type CliCommand, DOCUMENT_ARGUMENT } from '../base/command.ts'
import { Refusal, UsageError } from '../base/errors.ts'
import { wholeNumber } from '../base/number-rule.ts'
import type { Options } from '../base/options.ts'
import type { Paint } from '../base/terminal.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { attributesIn } from '../document/visitor-options.ts'
import { headed } from '../render/table.ts'

const DEFAULT_VISITORS = 10_000
const MOST_VISITORS = 1_000_000
const MOST_STAGES = 1_000
const DEVICES = { desktop: 50, mobile: 45, tablet: 5 }
/** For all countries that no rule names; no country has this code. */
const ELSEWHERE = 'ZZ'

export const simulate: CliCommand = {
  name: 'simulate',
  group: 'Document',
  summary: 'Show the shares per country and device, for synthetic visitors',
  details:
    'Works without a gate: runs the real decision on a synthetic population, with the document of a file. By default the countries are those in the rules, and ZZ for all others.',
  arguments: [DOCUMENT_ARGUMENT],
  options: [
    { flags: '--flag KEY', summary: 'only this flag; can be repeated', kind: 'list' },
    {
      flags: '--stage N',
      summary: 'put every rollout at this stage, from 1 (1)',
      number: wholeNumber(1, MOST_STAGES),
    },
    {
      flags: '--visitors N',
      summary: `how many (${DEFAULT_VISITORS})`,
      number: wholeNumber(1, MOST_VISITORS),
    },
    { flags: '--countries LIST', summary: 'countries with weights, such as US=60,RO=40' },
    { flags: '--devices LIST', summary: 'devices with weights (desktop=50,mobile=45,tablet=5)' },
    { flags: '-a, --attribute NAME=VALUE', summary: 'an attribute of all visitors', kind: 'list' },
    { flags: '--environment NAME', summary: 'the environment of the gate (production)' },
  ],
  examples: [
    ['simulate', 'who would get what at the first stage'],
    ['simulate --stage 2 --countries US=60,RO=40', 'at the second stage, with a mix of countries'],
    [
      'simulate --flag new-checkout --attribute accountType=pro --json',
      'one flag, for one group of visitors',
    ],
  ],
  failsWhen: 'the document has problems',
  async run({ args, options, terminal, paint }) {
    const file = await readDocumentFile(args[0], terminal)
    const document = parsedDocument(file)
    const flags = flagsIn(options, document)
    const stage = options.number('stage') ?? 1
    const visitors = options.number('visitors') ?? DEFAULT_VISITORS
    const mixture = {
      country: countriesFor(options, document),
      device: weightsIn(options, 'devices') ?? DEVICES,
    }
    const common = attributesIn(options.list('attribute'))
    const snapshot = compileSnapshot(document)
    const environment = options.text('environment') ?? 'production'
    const control = compileControl(atStage(document, stage - 1), [])
    const inputs = { flags: snapshot.flags, control, environment, nowMs: Date.now(), overrides: undefined }
    const simulated = simulateFlags(
      snapshot,
      flags,
      { visitors, mixture: without(mixture, common), common },
      inputs,
    )
    const heading = `${plural(visitors, 'visitor')}, ${file.name}, ${stageText(stage - 1)}`
    const tables = simulated.map((each) => simulatedText(each, paint))
    return { json: { visitors, stage, flags: simulated }, text: [heading, ...tables].join('\n\n') }
  },
}

function flagsIn(options: Options, { flags }: GateDocument): string[] {
  const asked = options.list('flag')
  const unknown = asked.find((key) => !Object.hasOwn(flags, key))
  if (unknown !== undefined)
    throw new Refusal(`The document has no flag ${unknown}${meant(unknown, Object.keys(flags))}`)
  return asked.length > 0 ? [...asked] : Object.keys(flags)
}

/** The countries in the rules, with equal weights, and as many visitors from elsewhere. */
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

/** `US=60,RO=40`, or names alone with equal weights. */
function weightsIn(options: Options, name: string): Record<string, number> | undefined {
  const text = options.text(name)
  if (text === undefined) return undefined
  const weights = text.split(',').map((part): [string, number] => {
    const [value = '', weight = '1'] = part.trim().split('=')
    if (value !== '' && /^\d{1,9}$/.test(weight)) return [value, Number(weight)]
    throw new UsageError(`--${name} must be NAME=WEIGHT with whole numbers, not ${part}`)
  })
  if (weights.every(([, weight]) => weight === 0))
    throw new UsageError(`--${name} must have a weight above 0`)
  return Object.fromEntries(weights)
}

function atStage({ flags }: GateDocument, stage: number): ControlState {
  const controls = Object.keys(flags).map((key) => [key, { generation: 1, stage }])
  return { ...INITIAL_CONTROL_STATE, flags: Object.fromEntries(controls) }
}

/** The mixture without the attributes that all visitors have in common. */
function without(mixture: Mixture, common: object): Mixture {
  return Object.fromEntries(
    Object.entries(mixture).filter(([attribute]) => !Object.hasOwn(common, attribute)),
  )
}

function simulatedText({ flag, groups }: SimulatedFlag, paint: Paint): string {
  const variants = [...new Set(groups.flatMap((group) => Object.keys(group.variants)))].sort()
  const rows = groups.map((group) => groupRow(group, variants))
  return `${paint('bold', flag)}\n${headed(['', 'visitors', ...variants], rows, paint)}`
}

function groupRow(
  { attribute, value, visitors, variants }: GroupShares,
  columns: readonly string[],
): string[] {
  const shares = columns.map((variant) => `${((100 * (variants[variant] ?? 0)) / visitors).toFixed(1)} %`)
  const label = attribute === '' ? 'all' : `${attribute} ${value}`
  return [`  ${label}`, countText(visitors), ...shares]
}
