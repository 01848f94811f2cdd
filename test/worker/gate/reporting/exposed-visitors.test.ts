import { expect, it } from 'vitest'
import type { Measures } from '../../../../src/core/metrics/spec.ts'
import { ExposedVisitors } from '../../../../src/gate/reporting/exposed-visitors.ts'

const measures = {} as Measures
const place = { flag: 'shop', generation: 1, stage: 0, measures }

it('remembers who was told of, by flag, attempt, stage, variant and document', () => {
  const exposed = new ExposedVisitors()
  exposed.add(place, 'on', 7)
  expect(exposed.has(place, 'on', 7)).toBe(true)
  expect(exposed.has(place, 'on', 8)).toBe(false)
  expect(exposed.has(place, 'off', 7)).toBe(false)
  for (const other of [{ flag: 'cart' }, { generation: 2 }, { stage: 1 }, { measures: {} as Measures }])
    expect(exposed.has({ ...place, ...other }, 'on', 7)).toBe(false)
})

it('forgets an attempt when the next one begins', () => {
  const exposed = new ExposedVisitors()
  exposed.add(place, 'on', 7)
  exposed.add({ ...place, generation: 2 }, 'on', 8)
  expect(exposed.has({ ...place, generation: 2 }, 'on', 8)).toBe(true)
  expect(exposed.has(place, 'on', 7)).toBe(false)
})

it('begins anew past its bound, and not before', () => {
  const exposed = new ExposedVisitors()
  for (let position = 0; position < 50_000; position++) exposed.add(place, 'on', position)
  expect(exposed.has(place, 'on', 0)).toBe(true)
  exposed.add(place, 'on', 50_000)
  expect(exposed.has(place, 'on', 0)).toBe(false)
  expect(exposed.has(place, 'on', 50_000)).toBe(true)
})
