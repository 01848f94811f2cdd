/** Internal errors at the edges of what is kept of them. */
import { expect, it } from 'vitest'
import {
  type InternalError,
  InternalErrors,
  messageWithoutSecrets,
} from '../../../src/core/counters/internal-errors.ts'

const error = (place: string, parts: Partial<InternalError> = {}): InternalError => ({
  place,
  count: 1,
  firstAtMs: 5,
  lastAtMs: 5,
  message: 'm',
  ...parts,
})
const letters = (n: number) =>
  `${String.fromCharCode(97 + Math.floor(n / 26))}${String.fromCharCode(97 + (n % 26))}`

it('keep fifty places; later ones count as other, known ones as before', () => {
  const errors = new InternalErrors(Array.from({ length: 50 }, (_, n) => error(letters(n))))
  errors.add([error('zz'), error('zy'), error('aa')])
  expect(errors.toList()).toHaveLength(51)
  const counts = Object.fromEntries(errors.toList().map(({ place, count }) => [place, count]))
  expect([counts.other, counts.aa, counts[letters(49)]]).toEqual([2, 2, 1])
})

it('have places of up to 40 characters, and messages of up to 200', () => {
  const long = (length: number) => new InternalErrors([error('a'.repeat(length))]).toList()[0]?.place
  expect([long(40), long(41)]).toEqual(['a'.repeat(40), 'other'])
  expect(new InternalErrors([error('a', { message: 'x'.repeat(300) })]).toList()[0]?.message).toHaveLength(
    200,
  )
})

it('keep the message of the latest, whichever comes last', () => {
  const said = (...list: [number, string][]) =>
    new InternalErrors(
      list.map(([lastAtMs, message]) => error('a', { lastAtMs, firstAtMs: lastAtMs, message })),
    ).toList()
  expect(said([5, 'first'], [9, 'second'])).toEqual([
    error('a', { count: 2, firstAtMs: 5, lastAtMs: 9, message: 'second' }),
  ])
  expect(said([9, 'second'], [5, 'first'])).toEqual([
    error('a', { count: 2, firstAtMs: 5, lastAtMs: 9, message: 'second' }),
  ])
  expect(said([5, 'one'], [5, 'other'])[0]?.message).toBe('other')
})

it('lose texts as long as a token, and what a URL asks', () => {
  expect([messageWithoutSecrets('x'.repeat(23)), messageWithoutSecrets('x'.repeat(24))]).toEqual([
    'x'.repeat(23),
    '…',
  ])
  expect(messageWithoutSecrets(`${' '.repeat(1_999)}a b`)).toBe(' a')
  expect(messageWithoutSecrets('https://a.test/x#token=1 rest')).toBe('https://a.test/x?… rest')
})
