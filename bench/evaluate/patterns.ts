/** One flag with a pattern on the user agent, for those of the evaluators that have regular expressions. */
import { GrowthBookClient } from '@growthbook/growthbook'
import { compileSnapshot } from '../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../src/core/config/control.ts'
import { parseDocumentValue } from '../../src/core/config/parse/parse.ts'
import { decide } from '../../src/core/decision/decide.ts'
import type { Evaluator } from './rivals.ts'

const PATTERN = '(?:Chrome|Firefox)/1[0-9]{2}'

/** User agents of browsers, new and old, of which the pattern finds some. */
export function userAgents(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const version = 80 + (index % 60)
    return index % 3 === 0
      ? `Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`
      : `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`
  })
}

export function patternEvaluators(agents: readonly string[]): Evaluator[] {
  return [sluice(agents), growthbook(agents)]
}

function sluice(agents: readonly string[]): Evaluator {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.example' } },
    routes: [{ path: '/*', origin: 'old' }],
    flags: {
      browsers: {
        variants: { on: true, off: false },
        off: 'off',
        rules: [{ when: [{ attribute: 'userAgent', op: 'matches', values: [PATTERN] }], serve: 'on' }],
      },
    },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const { flags } = compileSnapshot(parsed.value)
  const control = compileControl(INITIAL_CONTROL_STATE, [])
  const inputs = { flags, control, environment: 'production', nowMs: 0, overrides: undefined }
  const contexts = agents.map((agent, index) => ({
    targetingKey: () => `visitor-${index}`,
    attribute: (name: string) => (name === 'userAgent' ? agent : undefined),
  }))
  return {
    name: 'Sluice',
    isOn: (_, visitor) => {
      const flag = flags.get('browsers')
      const context = contexts[visitor]
      return flag !== undefined && context !== undefined && decide(flag, context, inputs).value === true
    },
  }
}

function growthbook(agents: readonly string[]): Evaluator {
  const condition = { userAgent: { $regex: PATTERN } }
  const client = new GrowthBookClient().initSync({
    payload: { features: { browsers: { defaultValue: false, rules: [{ force: true, condition }] } } },
  })
  const contexts = agents.map((userAgent) => ({ attributes: { userAgent } }))
  return {
    name: '@growthbook/growthbook',
    isOn: (_, visitor) => client.isOn('browsers', contexts[visitor] ?? { attributes: {} }),
  }
}
