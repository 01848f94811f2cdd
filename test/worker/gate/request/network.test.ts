/** The network of an address: which addresses are one, which are none. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { GateRequest } from '../../../../src/gate/request/gate-request.ts'
import { halfSipHash, networkOf, prefixOf, visitorSeedOf } from '../../../../src/gate/request/network.ts'
import { forgetSystems, isOfSmallSystem } from '../../../../src/gate/request/small-systems.ts'
import type { Env } from '../../../../src/platform/env.ts'

type Bindings = { [K in keyof Env]?: Env[K] | undefined }
const own = (more: Bindings = {}) =>
  ({ ...env, ENVIRONMENT: 'production', SIGNING_KEY: 'a key', ...more }) as unknown as Env
const of = (address: string | undefined, more?: Bindings) => networkOf(address, own(more))

describe('addresses of one network', () => {
  it.each([
    [
      '198.51.100.1',
      '198.51.100.254',
      '::ffff:198.51.100.7',
      '::FFFF:C633:6407',
      '0:0:0:0:0:ffff:198.51.100.9',
    ],
    ['198.51.100.1', '64:ff9b::198.51.100.7', '2002:c633:6401::1', '2002:C633:64ff:9::'],
    [
      '2001:db8:7::1',
      '2001:0DB8:0007:ffff:1:2:3:4',
      '2001:db8:7::',
      '2001:db8:7:0:0:0:0:9',
      '2001:db8:7::1%eth0',
    ],
    ['2001:db8::1', '2001:db8:0::2', '2001:db8:0:ff::'],
    ['1::2:3:4:5:6:7', '1:0:2::'],
  ])('%s and others', (...addresses) => {
    expect(addresses.map(prefixOf)).not.toContain(undefined)
    const networks = new Set(addresses.map((address) => of(address)))
    expect(networks.size).toBe(1)
    expect(Math.min(...networks)).toBeGreaterThan(1)
  })
})

it('neighbours are networks apart, whatever the family', () => {
  const addresses = [
    ...['198.51.100.1', '198.51.101.1', '198.52.100.1', '199.51.100.1'],
    ...[
      '2001:db8:7::1',
      '2001:db8:8::1',
      '2001:db9:7::1',
      '2002:db8:700::1',
      '::c633:64:0:0:0',
      '172.32.0.1',
    ],
    ...['172.15.0.1', '100.63.0.1', '100.128.0.1', '192.167.1.1', '169.253.1.1', '11.0.0.1', '126.0.0.1'],
  ]
  expect(new Set(addresses.map((address) => of(address))).size).toBe(addresses.length)
})

it.each([
  ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.1.1', '100.64.0.1'],
  ...[
    '::1',
    '::',
    '0:0:0:0:0:0:0:1',
    'fc00::1',
    'fdff::1',
    'fe80::1%eth0',
    'febf::1',
    '::ffff:127.0.0.1',
    '0.0.0.0',
  ],
  ...['::ffff:10.0.0.1', '100.127.0.1'],
])('%s is no network', (address) => expect(of(address)).toBe(0))

it('without an address, what Cloudflare knows of a request is not read', () => {
  const raw = new Request('https://www.example.com/')
  const get = () => {
    throw new Error('read')
  }
  Object.defineProperty(raw, 'cf', { get })
  expect(new GateRequest(raw, own(), 0).network).toBe(1)
})

it('nothing is a network in development', () => {
  expect([
    of('198.51.100.1', { ENVIRONMENT: 'development' }),
    of(undefined, { ENVIRONMENT: 'development' }),
  ]).toEqual([0, 0])
})

it.each([
  ...[
    undefined,
    '',
    'unknown',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    ' 1.2.3.4',
    '1.2.3.4 ',
  ],
  ...[
    '::1::',
    '1:2:3',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::1',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '1:2:3:4:5:6:7::8:9',
  ],
  ...['::1.2.3', '1.2.3.4:80', '::1 ', '1:2:3:4:5:6:7:1.2.3.4', '::-1'],
])('what is no address, %j, is the unknown network', (address) => expect(of(address)).toBe(1))

it('the hash is HalfSipHash-2-4, and depends on the key of the gate', () => {
  // The reference implementation's vector of the bytes 0 … 7 with the key 0 … 7.
  expect(halfSipHash(0x03020100, 0x07060504, 0x03020100, 0x07060504)).toBe(0x8f84b8d0)
  const keys = ['a key', 'another', undefined] as const
  expect(new Set(keys.map((SIGNING_KEY) => of('198.51.100.1', { SIGNING_KEY }))).size).toBe(3)
  expect(new Set(keys.map((SIGNING_KEY) => visitorSeedOf(own({ SIGNING_KEY })))).size).toBe(3)
  expect(of('198.51.100.1')).toBe(of('198.51.100.1'))
})

describe('an autonomous system', () => {
  const from = (address: string, asn: unknown) => networkOf(address, own(), asn)
  const HOSTER = 64_500
  const CARRIER = 64_501
  /** 2 % from a hoster, all others from a carrier. */
  const traffic = (requests: number) => {
    forgetSystems()
    for (let k = 0; k < requests; k++) isOfSmallSystem(k % 50 === 0 ? HOSTER : CARRIER)
  }

  it('is one network as a whole where it carries less than 5 % of the traffic', () => {
    traffic(2_000)
    const addresses = ['198.51.100.1', '198.51.101.1', '203.0.113.9', '2001:db8:7::1']
    const networks = new Set(addresses.map((address) => from(address, HOSTER)))
    expect(networks.size).toBe(1)
    expect(networks.has(of('198.51.100.1'))).toBe(false)
    expect(from('198.51.100.1', HOSTER + 7)).not.toBe([...networks][0])
  })

  it('is as many networks as it has prefixes where it carries more', () => {
    traffic(2_000)
    expect(from('198.51.100.1', CARRIER)).toBe(of('198.51.100.1'))
    expect(from('198.51.101.1', CARRIER)).toBe(of('198.51.101.1'))
  })

  it('is not told from others by an isolate that has seen little, nor by what is no number', () => {
    traffic(900)
    expect(from('198.51.100.1', HOSTER)).toBe(of('198.51.100.1'))
    traffic(2_000)
    for (const asn of [undefined, '64500', 0, -1, 1.5, Number.NaN, {}])
      expect(from('198.51.100.1', asn)).toBe(of('198.51.100.1'))
  })

  it('is never that of a private or unknown address', () => {
    traffic(2_000)
    expect([from('10.0.0.1', HOSTER), from('nothing', HOSTER)]).toEqual([0, 1])
  })

  it('stays small however long the isolate lives, and becomes large by its share', () => {
    traffic(100_000)
    expect(isOfSmallSystem(HOSTER)).toBe(true)
    for (let k = 0; k < 2_000; k++) isOfSmallSystem(HOSTER)
    expect(isOfSmallSystem(HOSTER)).toBe(false)
  })
})
