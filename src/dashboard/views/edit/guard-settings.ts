/**
 * The settings of a guard as its form shows them: those of every day, and groups that are folded away. The switches of
 * guard and comparisons, and metrics, have controls of their own (guard-editor.tsx). Pure.
 */
import { DEADLINE_MS } from '../../../core/config/schema/guard-tests.ts'
import { GRPC_ERRORS } from '../../../core/flags/answers/judged-answers.ts'
import { DEFAULT_GUARD_SETTINGS } from '../../../core/guard/index.ts'
import type { JsonObject } from '../../../core/json-object.ts'
import type { Choice } from '../../components/fields.tsx'
import { valueAt } from './draft.ts'
import { type Comparison, comparedIn } from './guard-draft.ts'

/** `placeholder` and `fallback`: what holds while the document says nothing. */
type Words = {
  label: string
  hint?: string
  unit?: string
  placeholder?: string
  fallback?: string
  options?: readonly Choice[]
}

export type GuardSetting = Words & {
  /** Below the guard. */
  path: readonly string[]
  kind: 'number' | 'rate' | 'duration' | 'choice' | 'check' | 'list' | 'grpc' | 'quantiles' | 'advance'
  /** Shown only while this is compared, or while stages advance by evidence. */
  of?: Comparison | 'evidence'
}

export type GuardGroup = { title: string; about: string; settings: readonly GuardSetting[] }

const ACTIONS: readonly Choice[] = [
  ['rollback', 'Roll back'],
  ['freeze', 'Freeze and alert'],
]
/** Whole classes; single statuses are numbers. */
export const STATUSES: readonly Choice[] = [
  ['5xx', '500 to 599'],
  ['4xx', '400 to 499'],
]
const STEPS = { unit: 'steps of 9 %', hint: 'above control’s quantile' }

const usual = DEFAULT_GUARD_SETTINGS
const percent = (rate: number) => String(Number((rate * 100).toPrecision(6)))

const setting = (kind: GuardSetting['kind'], path: string, words: Words): GuardSetting => ({
  ...{ kind, path: path.split('.') },
  ...words,
})

export const EVERYDAY: readonly GuardSetting[] = [
  setting('choice', 'action', {
    label: 'When the canary is worse',
    options: ACTIONS,
    fallback: usual.action,
  }),
  setting('advance', 'advance', { label: 'A stage ends' }),
  setting('rate', 'ceilings.errorRate', { label: 'Max error rate', placeholder: 'none' }),
  setting('number', 'ceilings.p95Ms', { label: 'Max 95th percentile', unit: 'ms', placeholder: 'none' }),
  setting('number', 'traffic.maxDropPercent', {
    ...{ label: 'Max drop of journeys', unit: '%', placeholder: 'none' },
    hint: 'pages that visitors complete',
  }),
  setting('rate', 'alpha', {
    ...{ label: 'False rollback probability', placeholder: percent(usual.alpha) },
    hint: 'over the whole rollout',
  }),
]

/** What a test tolerates: a multiple of control's rate, and some on top of it. */
function tolerated(
  of: Comparison,
  { does, whom = 'requests' }: { does: string; whom?: string },
): readonly GuardSetting[] {
  const { rho, delta } = usual[of]
  return inTest(of, [
    setting('number', `${of}.rho`, {
      label: `May ${does}`,
      unit: '× control’s rate',
      placeholder: String(rho),
    }),
    setting('rate', `${of}.delta`, {
      ...{ label: `May ${does} on top`, placeholder: percent(delta), hint: `of ${whom}` },
    }),
  ])
}

const inTest = (of: GuardSetting['of'], settings: readonly GuardSetting[]): readonly GuardSetting[] =>
  settings.map((each) => ({ ...each, ...(of && { of }) }))

export const GROUPS: readonly GuardGroup[] = [
  {
    title: 'Errors',
    about: 'what counts, and how much worse is worse',
    settings: [
      ...inTest('errors', [
        setting('list', 'errors.statuses', {
          ...{ label: 'Statuses that are errors', placeholder: '5xx', options: STATUSES },
          hint: 'such as 5xx, 404',
        }),
      ]),
      setting('grpc', 'grpc', {
        label: 'gRPC statuses that are errors',
        placeholder: GRPC_ERRORS.join(', '),
      }),
      ...tolerated('errors', { does: 'fail' }),
      ...inTest('errors', [
        setting('number', 'errors.minBuckets', {
          label: 'Visitors with errors, at least',
          placeholder: String(usual.errors.minBuckets),
        }),
      ]),
    ],
  },
  {
    title: 'Latency',
    about: 'warm-up, quantiles, and how much slower is slower',
    settings: inTest('latency', [
      setting('duration', 'latency.warmUp', {
        ...{ label: 'Warm-up', fallback: `${usual.latency.warmUpMs / 60_000}m` },
        hint: 'of each stage; until then three times control’s latency rolls back',
      }),
      setting('quantiles', 'latency.quantiles', { label: 'Compared at control’s' }),
      setting('number', 'latency.marginBuckets', {
        ...{ label: 'Slow from', placeholder: String(usual.latency.marginBuckets), ...STEPS },
      }),
      setting('number', 'latency.deadlineMs', {
        ...{ label: 'Slow without a response after', unit: 'ms', placeholder: String(DEADLINE_MS) },
      }),
      ...tolerated('latency', { does: 'be slow' }),
      setting('number', 'latency.minSlow', {
        ...{ label: 'Slow requests, at least', placeholder: String(usual.latency.minSlow) },
      }),
      setting('check', 'latency.fewMachines', { label: 'The canary runs on few machines' }),
    ]),
  },
  {
    title: 'Visitors turned away',
    about: 'how many more are too many',
    settings: [
      ...tolerated('clientErrors', { does: 'turn away', whom: 'visitors' }),
      ...inTest('clientErrors', [
        setting('choice', 'clientErrors.action', {
          ...{ label: 'When it turns away more', options: ACTIONS, fallback: usual.clientErrors.action },
          hint: 'above half of its answers: always rolled back',
        }),
      ]),
    ],
  },
  {
    title: 'Advancing',
    about: 'what a stage rules out before it ends',
    settings: inTest('evidence', [
      setting('number', 'advance.rho', {
        ...{
          label: 'Rules out a canary that fails',
          unit: '× control’s rate',
          placeholder: String(usual.advance.rho),
        },
      }),
      setting('rate', 'advance.delta', {
        ...{ label: 'Rules out on top', placeholder: 'by share' },
        hint: 'of requests; empty: 0.5 % at a share of 1 %, 0.05 % at half',
      }),
      setting('number', 'advance.marginBuckets', {
        ...{ label: 'Rules out latency from', placeholder: String(usual.advance.marginBuckets), ...STEPS },
      }),
      setting('rate', 'advance.beta', {
        ...{ label: 'False advance probability', placeholder: percent(usual.beta) },
        hint: 'of a canary exactly at the limit',
      }),
    ]),
  },
  {
    title: 'Plain counts',
    about: 'limits without statistics',
    settings: [
      setting('number', 'thresholds.errors', {
        ...{ label: 'Most errors', placeholder: 'none', hint: 'of all visitors who are served the flag' },
      }),
      setting('number', 'ceilings.minRequests', {
        ...{ label: 'Requests before a maximum applies', placeholder: String(usual.ceilings.minRequests) },
      }),
      setting('number', 'thresholds.slow.count', { label: 'Most slow requests', placeholder: 'none' }),
      setting('number', 'thresholds.slow.baselineMs', {
        ...{ label: 'Slow requests take over', unit: 'ms', placeholder: 'none' },
      }),
    ],
  },
]

/** Those that apply to the guard as it is. */
export function settingsOf({ settings }: GuardGroup, guard: JsonObject): readonly GuardSetting[] {
  const applies = { ...comparedIn(guard), evidence: guard.advance !== 'time' }
  return settings.filter(({ of }) => of === undefined || applies[of])
}

/** How many of the settings the guard has. */
export function countSet(settings: readonly GuardSetting[], guard: JsonObject): number {
  return settings.filter(({ path }) => valueAt(guard, path) !== undefined).length
}
