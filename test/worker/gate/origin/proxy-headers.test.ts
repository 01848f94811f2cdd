import { describe, expect, it } from 'vitest'
import type { Decision } from '../../../../src/core/decision/decide.ts'
import {
  connectionFields,
  flagsHeader,
  prepareForOrigin,
  rescuedFlagsHeader,
} from '../../../../src/gate/origin/proxy-headers.ts'
import { requestTo } from '../support/stage.ts'

const sent = (headers: Record<string, string>, url = 'http://shop.test:8080/x') => {
  const request = requestTo(url, { headers })
  const forOrigin = new Headers(request.headers.all)
  prepareForOrigin(forOrigin, request, false)
  const { 'x-forwarded-host': _, 'x-forwarded-proto': __, ...rest } = Object.fromEntries(forOrigin)
  return rest
}

describe('an origin gets', () => {
  it.each(['keep-alive', 'proxy-connection', 'te', 'trailer'])(
    'nothing that belongs to the connection: %s',
    (name) => {
      expect(sent({ [name]: 'x', 'x-kept': 'y' })).toEqual({ 'x-kept': 'y' })
    },
  )

  it.each(['sluice-flags', 'sluice-signature', 'sluice_flags', 'sluice-anything'])(
    'no header that it could take for the gate’s: %s',
    (name) =>
      expect(sent({ [name]: 'forged', sluiced: 'x', 'x-sluice-y': 'y' })).toEqual({
        sluiced: 'x',
        'x-sluice-y': 'y',
      }),
  )

  it.each<[string, Record<string, string>, Record<string, string>]>([
    [
      'options',
      { connection: 'close, X-Hop ,x-other', 'x-hop': '1', 'x-other': '2', 'x-kept': '3' },
      { 'x-kept': '3' },
    ],
    ['nothing else', { connection: 'keep-alive' }, {}],
    ['no token', { connection: 'x-hop;q=1, ,x y', 'x-hop': '1' }, { 'x-hop': '1' }],
    [
      'an upgrade, which stays',
      { connection: 'Upgrade, x-hop', upgrade: 'websocket', 'x-hop': '1' },
      { connection: 'Upgrade, x-hop', upgrade: 'websocket' },
    ],
  ])('nothing that the connection header names: %s', (_, headers, expected) => {
    expect(sent(headers)).toEqual(expected)
  })

  it.each([
    ['http://shop.test/x', 'shop.test', 'http'],
    ['http://shop.test:8080/x', 'shop.test:8080', 'http'],
    ['https://shop.test/x', 'shop.test', 'https'],
  ])('where the gate was asked: %s', (url, host, proto) => {
    const headers = { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'gopher' }
    const forOrigin = new Headers(headers)
    prepareForOrigin(forOrigin, requestTo(url, { headers }), false)
    expect(Object.fromEntries(forOrigin)).toEqual({ 'x-forwarded-host': host, 'x-forwarded-proto': proto })
  })

  it('no address where the gate knows none', () => {
    expect(sent({ 'x-forwarded-for': '10.0.0.1' })).toEqual({})
  })
})

it.each<[string | undefined, string[]]>([
  [undefined, []],
  ['close', []],
  ['keep-alive, TE, trailer, transfer-encoding, upgrade', []],
  ['x-hop, Close', ['x-hop', 'proxy-connection']],
  ['X-Hop,x-other', ['x-hop', 'x-other', 'proxy-connection']],
])('of an answer with Connection %s these belong to the connection: %j', (connection, expected) => {
  expect(connectionFields(new Headers(connection === undefined ? {} : { connection }))).toEqual(expected)
})

it('a decision is one line of ASCII', () => {
  const decision = { flag: 'new-checkout', variant: 'on', reason: 'SPLIT' } as Decision
  expect(flagsHeader(decision)).toBe('new-checkout=on;reason=split')
  expect(flagsHeader({ ...decision, flag: 'größe 1!', reason: 'TARGETING_MATCH' })).toBe(
    'gr%C3%B6%C3%9Fe%201!=on;reason=targeting_match',
  )
  expect(flagsHeader({ ...decision, variant: '100% très/(bien)@2' })).toBe(
    'new-checkout=100%25%20tr%C3%A8s/(bien)%402;reason=split',
  )
  expect(rescuedFlagsHeader({ key: 'größe', off: 'old' })).toBe('gr%C3%B6%C3%9Fe=old;reason=rescued')
})
