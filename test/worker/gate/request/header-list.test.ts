import fc from 'fast-check'
import { expect, it } from 'vitest'
import { AnswerHeaders, HeaderList } from '../../../../src/gate/request/header-list.ts'

const name = fc.constantFrom('etag', 'link', 'set-cookie', 'cache-control', 'x-a')
const value = fc.constantFrom('a', 'b, c', '"x"', 'k=v; Path=/', '')
const change = fc.oneof(
  fc.record({ how: fc.constantFrom('set', 'append'), name, value }),
  fc.record({ how: fc.constant('delete'), name, value: fc.constant('') }),
)
const NAMES = ['etag', 'link', 'set-cookie', 'cache-control', 'x-a', 'x-none']

/** All that can be asked of headers. */
const readings = (headers: Pick<Headers, 'get' | 'has' | 'getSetCookie'> & { keys(): Iterable<string> }) => ({
  got: NAMES.map((each) => headers.get(each)),
  had: NAMES.map((each) => headers.has(each)),
  keys: [...new Set(headers.keys())].sort(),
  cookies: headers.getSetCookie(),
})

it('an answer’s headers, read at once, say what the runtime’s say after any changes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), fc.array(change), (fields, changes) => {
      const [own, plain] = [new Headers(fields), new Headers(fields)]
      const read = new AnswerHeaders(own)
      for (const { how, name: field, value: text } of changes) {
        for (const headers of [read, plain]) {
          if (how === 'delete') headers.delete(field)
          else headers[how as 'set' | 'append'](field, text)
        }
        expect(readings(read)).toEqual(readings(plain))
      }
      expect([...own]).toEqual([...plain])
    }),
  )
})

it('the list of a request’s headers knows what is not there', () => {
  const list = new HeaderList(new Headers({ Accept: '*/*' }))
  expect([list.get('accept'), list.get('cookie'), list.has('accept'), list.has('cookie')]).toEqual([
    '*/*',
    undefined,
    true,
    false,
  ])
})
