/** Which answers are decoded before the gate writes into them. */
import { expect, it } from 'vitest'
import { decoded } from '../../../../src/gate/origin/changeable.ts'

const answer = (encoding: string | undefined, status = 200) =>
  new Response('text', {
    status,
    headers: { 'content-length': '4', ...(encoding !== undefined && { 'content-encoding': encoding }) },
    encodeBody: 'manual',
  })

it.each(['gzip', 'br'])('a page in %s goes on without its encoding and length', (encoding) => {
  const page = decoded(answer(encoding))
  expect([page.status, page.headers.get('content-encoding'), page.headers.get('content-length')]).toEqual([
    ...[200, null, null],
  ])
})

it.each([
  ['without an encoding', answer(undefined)],
  ['in one that the runtime does not know', answer('zstd')],
  ['that is a part, whose bytes are of the encoded whole', answer('gzip', 206)],
])('an answer %s stays as it is', (_, given) => {
  expect(decoded(given)).toBe(given)
})
