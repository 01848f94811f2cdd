import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, it } from 'vitest'
import { isInRanges, toAddressRange } from '../../src/core/flags/address-range.ts'
import { groupsOf } from '../../src/core/ip-address.ts'
import { SEED } from '../support/seed.ts'

/** What another reader makes of it: ipaddr.js, four decimal parts only. */
function expected(text: string): readonly number[] | undefined {
  // Octal to the library, also at the end of an IPv6 address.
  if (text.includes('.') && /[:.]0\d+(?:\.|$)/.test(`:${text.slice(text.lastIndexOf(':') + 1)}`))
    return undefined
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return undefined
  const address = ipaddr.process(text)
  if (address instanceof ipaddr.IPv6) return address.parts
  const [a = 0, b = 0, c = 0, d = 0] = address.octets
  return [a * 256 + b, c * 256 + d]
}

const mapped = fc.ipV4().map((v4) => `::ffff:${v4}`)
/** The library reads `::1.2.3.4` as if it were mapped; by RFC 4291 (2.5.5.1) it is an IPv6 address. */
const isCompatible = (text: string) => /^::[\d.]+$/.test(text)
const address = fc.oneof(fc.ipV4(), fc.ipV6(), mapped).filter((text) => !isCompatible(text))
/** Addresses with a character changed, left out or doubled. */
const almost = fc
  .tuple(address, fc.nat(40), fc.constantFrom('', ':', '.', '0', 'f', 'g', '::', '256', ' '))
  .map(([text, at, by]) => text.slice(0, at) + by + text.slice(at + 1))
  .filter((text) => !isCompatible(text))

describe('addresses', () => {
  it('are read as another library reads them', () => {
    fc.assert(
      fc.property(fc.oneof(address, almost), (text) => {
        expect([text, groupsOf(text)]).toEqual([text, expected(text)])
      }),
      { numRuns: 3_000, seed: SEED },
    )
  })

  it.each([
    '010.0.0.1',
    '127.1',
    '0x7f.0.0.1',
    '1.2.3.4.5',
    '1.2.3',
    '',
    ' 1.2.3.4',
    '::1::',
    '1:2:3:4:5:6:7:8:9',
  ])('are not %j', (text) => expect(groupsOf(text)).toBeUndefined())
})

describe('ranges', () => {
  it('hold what another library says they hold', () => {
    fc.assert(
      fc.property(address, address, fc.nat(130), fc.boolean(), (start, other, bits, isNear) => {
        const text = `${start}/${bits}`
        const range = toAddressRange(text)
        expect(range !== undefined).toBe(ipaddr.isValidCIDR(text))
        if (range === undefined) return
        const inside = isNear ? start : other
        const [base, length] = ipaddr.parseCIDR(text)
        const isMapped = base instanceof ipaddr.IPv6 && base.isIPv4MappedAddress() && length >= 96
        const asked = ipaddr.process(inside)
        const reference = isMapped ? (base as ipaddr.IPv6).toIPv4Address() : base
        const matches =
          reference.kind() === asked.kind() &&
          asked.match([reference, isMapped ? length - 96 : length] as never)
        expect([inside, text, isInRanges(inside, [range])]).toEqual([inside, text, matches])
      }),
      { numRuns: 2_000, seed: SEED },
    )
  })
})
