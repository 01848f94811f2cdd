import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ratioOf, ratioText } from '../../test-kit/report/ratio.ts'

it('a ratio that is the same in every pair is exact, whatever the machine did meanwhile', () => {
  const moods = fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 2 })
  fc.assert(
    fc.property(moods, fc.double({ min: 0.5, max: 2, noNaN: true }), (others, ratio) => {
      const { value, low, high } = ratioOf(
        others.map((other) => other * ratio),
        others,
      )
      expect([value / ratio, low / ratio, high / ratio].map((each) => each.toFixed(6))).toEqual(
        Array(3).fill('1.000000'),
      )
    }),
  )
})

it('one that varies has an interval about it, which pairs make narrower', () => {
  const few = ratioOf([1.1, 1.3, 1.2, 1.0], [1, 1, 1, 1])
  const many = ratioOf(Array(4).fill([1.1, 1.3, 1.2, 1.0]).flat(), Array(16).fill(1))
  // By a table of t: 3.182 standard errors of the logarithms at three degrees of freedom.
  expect(Math.abs(few.low - 0.956)).toBeLessThan(0.01)
  expect(Math.abs(few.high - 1.37)).toBeLessThan(0.01)
  expect(many.value).toBeCloseTo(few.value, 12)
  expect(many.high - many.low).toBeLessThan((few.high - few.low) / 2)
  expect(ratioText(few)).toMatch(/^1\.14 \(0\.9\d–1\.3\d\)$/)
  expect(ratioText(ratioOf([1, 1], [1, 1]))).toBe('1.00')
})
