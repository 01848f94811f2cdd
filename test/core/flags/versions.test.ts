import fc from 'fast-check'
import coerce from 'semver/functions/coerce.js'
import compare from 'semver/functions/compare.js'
import parse from 'semver/functions/parse.js'
import { expect, it } from 'vitest'
import {
  coerceVersion,
  compareVersions,
  parseFlagdVersion,
  parseLaunchDarklyVersion,
  parseVersion,
  type Version,
} from '../../../src/core/flags/version.ts'

const number = fc.oneof(fc.nat(3).map(String), fc.constantFrom('00', '01', '10', '9007199254740992', ''))
const identifier = fc.oneof(number, fc.constantFrom('rc', 'alpha', 'x-1', 'RC', '-', '1a', 'é'))
const written = fc
  .record({
    before: fc.constantFrom('', '', '', 'v', 'V', ' ', 'vv', 'v ', '='),
    numbers: fc.array(number, { minLength: 1, maxLength: 4 }),
    prerelease: fc.array(identifier, { maxLength: 3 }),
    build: fc.constantFrom('', '', '+7', '+', '+a.b'),
    after: fc.constantFrom('', '', ' ', '\n'),
  })
  .map(({ before, numbers, prerelease, build, after }) => {
    const rest = prerelease.length > 0 ? `-${prerelease.join('.')}` : ''
    return `${before}${numbers.join('.')}${rest}${build}${after}`
  })

const RUNS = { numRuns: 4_000, seed: 20_261_129 }
const textOf = (version: Version | undefined) =>
  version &&
  version.numbers.join('.') + (version.prerelease.length > 0 ? `-${version.prerelease.join('.')}` : '')

it('reads and compares versions as the semver package does, which is the reference', () => {
  fc.assert(
    fc.property(written, written, (one, other) => {
      const isBare = (text: string) => !text.trim().startsWith('v')
      for (const text of [one, other]) {
        expect(textOf(parseVersion(text)), text).toBe(isBare(text) ? parse(text)?.version : undefined)
      }
      const [a, b] = [parseVersion(one), parseVersion(other)]
      if (a && b) expect(Math.sign(compareVersions(a, b))).toBe(compare(one, other))
    }),
    RUNS,
  )
  expect(parseVersion(`1.0.0-${'a'.repeat(300)}`)).toBeUndefined()
})

it('coerces as the semver package does, but for what comes before a release', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        written,
        fc.string(),
        written.map((text) => `Shop/${text} (iOS 17.1)`),
      ),
      (text) => {
        const whole = parse(text.trim().replace(/^v/i, ''))
        const isWhole = whole !== null && !/^\s*(?:v\s*[=v]|=)/i.test(text)
        expect(textOf(coerceVersion(text)), text).toBe(isWhole ? whole.version : coerce(text)?.version)
      },
    ),
    RUNS,
  )
  const read = ['4.10', 'v4.3.0', '4', '4.3.0.1187', '1.2.3-rc.1', 'v1.2.3-rc.1', 'x', `1.${'0'.repeat(300)}`]
  expect(read.map((text) => textOf(coerceVersion(text)))).toEqual([
    ...['4.10.0', '4.3.0', '4.0.0', '4.3.0', '1.2.3-rc.1', '1.2.3-rc.1', undefined, undefined],
  ])
})

it('reads what is not in full as flagd and LaunchDarkly do', () => {
  fc.assert(
    fc.property(written, (text) => {
      const bare = text.replace(/^[vV]/, '')
      const flagd = parse(bare) ?? (/^\d+(\.\d+)?$/.test(bare) ? coerce(bare) : null)
      expect(textOf(parseFlagdVersion(text)), text).toBe(flagd?.version)
      expect(textOf(parseLaunchDarklyVersion(text)), text).toBe(launchDarkly(text)?.version)
    }),
    RUNS,
  )
})

function launchDarkly(text: string) {
  if (text.startsWith('v')) return null
  const [numbers, minor, patch] = /^\d+(\.\d+)?(\.\d+)?/.exec(text) ?? []
  if (numbers === undefined) return parse(text)
  const filled = `${numbers}${minor === undefined ? '.0' : ''}${patch === undefined ? '.0' : ''}`
  return parse(text) ?? parse(filled + text.slice(numbers.length))
}
