/** Scenarios that a provider for OFREP is not about, or can't pass. */
import type { Scenario } from './gherkin.ts'
import { actOf } from './steps.ts'
import type { World } from './world.ts'

/** Tags and steps of what is not about OFREP, and what it is about instead. */
const TAGS: Readonly<Record<string, string>> = {
  '@fractional-v1': "an earlier hash of flagd's, which @fractional-v2 replaces",
  '@fractional-v3': "a hash that flagd's evaluator for JavaScript does not have yet",
  '@contextEnrichment': "what flagd's own provider adds to the context",
  '@no-default': 'flags without a default as errors, which @no-default-variant replaces',
}
const STEPS: readonly (readonly [RegExp, string])[] = [
  [/^(a config was initialized|an environment variable|an option)/, "settings of flagd's own provider"],
  [
    /^an? (unavailable|forbidden|metadata|syncpayload|ssl|socket) flagd provider/,
    "connections of flagd's own provider",
  ],
  [/connection is lost|event/, "events of flagd's own provider"],
  [/^an? (not ready|error|fatal|stale) provider/, 'states that the provider can be put into'],
]

/** What a scenario is about, if not about evaluating flags over OFREP. */
export function notForOfrep({ tags, steps }: Scenario): string | undefined {
  const tag = Object.keys(TAGS).find((each) => tags.has(each))
  if (tag !== undefined) return TAGS[tag]
  const unknown = steps.filter((step) => actOf(step) === undefined).map(({ text }) => text)
  if (unknown.length === 0) return undefined
  const known = STEPS.find(([pattern]) => unknown.some((text) => pattern.test(text)))
  return known?.[1] ?? `the step "${unknown[0]}"`
}

/** Keys of the suite's flags, and what the import lists of them, by key. */
export type Flags = { flags: ReadonlySet<string>; losses: ReadonlyMap<string, string> }

/** Why a scenario can't pass; undefined where it should. */
export function excuseFor(
  { tags, steps }: Scenario,
  { details, asked }: World,
  { flags, losses }: Flags,
): string | undefined {
  if (details?.errorCode === 'FLAG_NOT_FOUND' && !flags.has(asked?.key ?? ''))
    return "the suite's flags have none of this key"
  if (/does not match the expected format$/.test(details?.errorMessage ?? ''))
    return 'the provider takes an answer without a value for malformed'
  if (tags.has('@reason-codes-cached') || steps.some(({ text }) => /"CACHED"/.test(text)))
    return 'the provider keeps no cache'
  const isError = steps.some(({ text }) => text === 'the error-code should be "GENERAL"')
  if (isError && details?.errorCode === undefined && details?.value === asked?.fallback)
    return 'where targeting names no variant, the gate leaves the value to the app without an error'
  const loss = losses.get(asked?.key ?? '')
  return loss && `the import lists the flag: ${loss}`
}
