/** Figures at both sides of where their wording changes. */
import { expect, it } from 'vitest'
import * as figures from '../../src/core/figures.ts'
import { isObject } from '../../src/core/json-object.ts'
import { messageOf } from '../../src/core/message-of.ts'

const {
  agoText,
  countText,
  durationText,
  latencyText,
  percentText,
  plural,
  rateText,
  secondsText,
  timestampText,
  valueText,
} = figures

it('durations', () => {
  const seconds = [0, 0.001, 1, 99, 99.001, 100, 3_599, 3_600, 3_601, 5_399, 5_400, 129_599, 129_600, 200_000]
  expect(seconds.map((each) => durationText(each * 1_000))).toEqual([
    '0 s',
    '1 s',
    '1 s',
    '99 s',
    '2 min',
    '2 min',
    '60 min',
    '1 h',
    '60 min',
    '90 min',
    '2 h',
    '36 h',
    '2 d',
    '2 d',
  ])
  expect([-5, 0, 99, 100, 149, 150, 12_340].map(secondsText)).toEqual([
    '0.1 s',
    '0.1 s',
    '0.1 s',
    '0.1 s',
    '0.1 s',
    '0.1 s',
    '12.3 s',
  ])
  expect([0, 1_999, 2_000, 61_000].map(agoText)).toEqual(['just now', 'just now', '2 s ago', '61 s ago'])
})

it('latencies, rates and shares', () => {
  expect([0, 9.94, 9.99, 10, 999.4, 999.9, 1_000, 1_234, null].map(latencyText)).toEqual([
    '0.0 ms',
    '9.9 ms',
    '10.0 ms',
    '10 ms',
    '999 ms',
    '1000 ms',
    '1.00 s',
    '1.23 s',
    '–',
  ])
  expect([0.0999, 0.1, 0.1049, 0.105, 1, undefined].map(rateText)).toEqual([
    '10 %',
    '10 %',
    '10 %',
    '11 %',
    '100 %',
    '–',
  ])
  expect([0, 33.3333, 100].map(percentText)).toEqual(['0 %', '33.333 %', '100 %'])
})

it('counts and texts', () => {
  expect([1_000, 12_345, 123_456, 1_234_567].map(countText)).toEqual([
    '1,000',
    '12,345',
    '123,456',
    '1,234,567',
  ])
  expect([plural(0, 'flag'), plural(1, 'a', 'b'), plural(2, 'a', 'b')]).toEqual(['0 flags', '1 a', '2 b'])
  expect([timestampText('2026-01-02T03:04:05Z'), timestampText('x')]).toEqual([
    '2026-01-02 03:04:05 UTC',
    'x',
  ])
  expect([valueText('x'.repeat(80)), valueText('x'.repeat(81)), valueText(null), valueText(0)]).toEqual([
    'x'.repeat(80),
    `${'x'.repeat(79)}…`,
    'null',
    '0',
  ])
  expect([messageOf(new Error('broken')), messageOf('thrown'), messageOf(5)]).toEqual([
    'broken',
    'thrown',
    '5',
  ])
  expect([{}, [], null, 'x', 5, undefined].map(isObject)).toEqual([true, false, false, false, false, false])
})
