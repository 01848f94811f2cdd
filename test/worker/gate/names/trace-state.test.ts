/** Trace context on its way to an origin. */
import { expect, it } from 'vitest'
import { extendTrace } from '../../../../src/gate/names/trace-state.ts'

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const stateOf = (flags: string, tracestate?: string, traceparent: string | undefined = PARENT) => {
  const headers = new Headers({
    ...(traceparent && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
  })
  extendTrace(headers, flags)
  expect(headers.get('traceparent')).toBe(traceparent ?? null)
  return headers.get('tracestate')
}

it('the decision is the first member; those of others stay, an older one of the gate goes', () => {
  expect(stateOf('new-checkout=on;reason=split')).toBe('sluice=new-checkout:on')
  expect(stateOf('a=on;reason=split', 'rojo=00f0,congo=t61')).toBe('sluice=a:on,rojo=00f0,congo=t61')
  expect(stateOf('a=on;reason=split', 'sluice=a:off, rojo=00f0')).toBe('sluice=a:on,rojo=00f0')
})

it('at most 32 members are sent on, and none that is too long or not plain', () => {
  const many = Array.from({ length: 32 }, (_, n) => `v${n}=x`).join(',')
  const members = stateOf('a=on;reason=split', many)?.split(',') ?? []
  expect([members.length, members[0], members.at(-1)]).toEqual([32, 'sluice=a:on', 'v30=x'])
  expect(stateOf(`a=${'x'.repeat(300)};reason=split`, 'rojo=1')).toBe('rojo=1')
  expect(stateOf('a=b=c;reason=split')).toBeNull()
  expect(stateOf('')).toBeNull()
})

it.each([
  'garbage',
  '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
  'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  '00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01',
  `${PARENT}0`,
])('a parent that is not valid gets no member: %s', (parent) => {
  expect(stateOf('a=on;reason=split', 'rojo=1', parent)).toBe('rojo=1')
  expect(stateOf('a=on;reason=split', undefined, parent)).toBeNull()
})

it('a visitor cannot say what the gate has decided', () => {
  const forged = (tracestate: string, traceparent?: string) => {
    const headers = new Headers({ tracestate, ...(traceparent && { traceparent }) })
    extendTrace(headers, '')
    return headers.get('tracestate')
  }
  expect(forged('sluice=a:on')).toBeNull()
  expect(forged('rojo=1, sluice=a:on')).toBe('rojo=1')
  expect(forged('sluice=a:on,rojo=1', PARENT)).toBe('rojo=1')
})

it('what a later version adds to a parent is fine', () => {
  expect(stateOf('a=on;reason=split', undefined, `01${PARENT.slice(2)}-more`)).toBe('sluice=a:on')
})

it('what is not traced stays so', () => {
  const headers = new Headers({ tracestate: 'rojo=1' })
  extendTrace(headers, 'a=on;reason=split')
  expect([...headers]).toEqual([['tracestate', 'rojo=1']])
})
