/** The runner for OpenFeature's suites reads feature files as Gherkin means them. */
import { describe, expect, it } from 'vitest'
import { excuseFor, notForOfrep } from '../openfeature/excuses.ts'
import { scenariosIn } from '../openfeature/gherkin.ts'

const FEATURE = `
@suite
Feature: Fruit
  """markdown
  Scenario: not one
  """
  Background:
    Given a stable provider

  # a comment
  @one
  Scenario: Plain
    When the flag was evaluated with details
    Then the resolved metadata should contain
      | key | metadata_type | value |
      | a   | String        | x\\|y  |

  Scenario Outline: Of <name>
    Given a String-flag with key "<name>" and a fallback value "<none>"
    @two
    Examples: first
      | name  |
      | apple |
    @three @four
    Scenarios: second
      | name |
      | pear |
      | plum |
`

describe('a feature file', () => {
  const scenarios = scenariosIn(FEATURE)

  it('is expanded to one scenario for each row, with the steps of the background', () => {
    expect(scenarios.map(({ name }) => name)).toEqual(['Plain', 'Of apple', 'Of pear', 'Of plum'])
    expect(scenarios[2]?.steps.map(({ text }) => text)).toEqual([
      'a stable provider',
      'a String-flag with key "pear" and a fallback value "<none>"',
    ])
    expect(scenarios[0]?.steps[2]?.table).toEqual([
      ['key', 'metadata_type', 'value'],
      ['a', 'String', 'x|y'],
    ])
  })

  it('hands its tags down', () => {
    expect(scenarios.map(({ tags }) => [...tags])).toEqual([
      ['@suite', '@one'],
      ['@suite', '@two'],
      ['@suite', '@three', '@four'],
      ['@suite', '@three', '@four'],
    ])
  })

  it('says which of its scenarios are about something else, and excuses no other failure', () => {
    const [first] = scenariosIn('Feature: F\nScenario: S\n When the connection is lost for 3s')
    const [second] = scenariosIn('Feature: F\nScenario: S\n When the moon is full')
    expect(first && notForOfrep(first)).toBe("events of flagd's own provider")
    expect(second && notForOfrep(second)).toBe('the step "the moon is full"')
    const world = { details: { reason: 'DEFAULT', variant: 'x', value: 1 }, asked: { key: 'f' } }
    const flags = { flags: new Set(['f']), losses: new Map() }
    expect(scenarios[0] && excuseFor(scenarios[0], world as never, flags)).toBeUndefined()
  })
})
