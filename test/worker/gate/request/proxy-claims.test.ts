/** What only a proxy may say of a visitor reaches an origin as a trusted proxy wrote it, or not at all. */
import { describe, expect, it } from 'vitest'
import { prepareForOrigin } from '../../../../src/gate/origin/proxy-headers.ts'
import { requestTo } from '../support/stage.ts'

type Surroundings = { colo?: string; proxies?: number; ENVIRONMENT?: string }

/** The headers that an origin gets, without those that the gate sets in every request. */
function forOrigin(headers: Record<string, string>, { colo, proxies = 0, ENVIRONMENT }: Surroundings = {}) {
  const init = { headers, ...(colo !== undefined && { cf: { colo } }) } as RequestInit
  const bindings = { ENVIRONMENT: ENVIRONMENT ?? 'production' }
  const request = requestTo('https://shop.test/x', init, { bindings })
  request.trustedProxies = proxies
  const sent = new Headers(request.headers.all)
  prepareForOrigin(sent, request, false)
  const { 'x-forwarded-host': _, 'x-forwarded-proto': __, ...rest } = Object.fromEntries(sent)
  return rest
}

/** As balancers, frameworks and lists of bypasses have them. */
const ADDRESSES = [
  ...['x-real-ip', 'true-client-ip', 'x-client-ip', 'client-ip', 'x-cluster-client-ip', 'x-remote-ip'],
  ...['x-remote-addr', 'x-originating-ip', 'x-proxyuser-ip', 'wl-proxy-client-ip', 'proxy-client-ip'],
  ...['fastly-client-ip', 'fly-client-ip', 'do-connecting-ip', 'cf-connecting-ipv6', 'cf-pseudo-ipv4'],
  ...['x-appengine-user-ip', 'x-azure-clientip', 'x-azure-socketip', 'x-envoy-external-address'],
  ...['x-nf-client-connection-ip', 'x-vercel-forwarded-for', 'x-vercel-proxied-for', 'x-true-client-ip'],
]
const CONNECTIONS = [
  ...['forwarded', 'x-forwarded', 'x-forwarded-port', 'x-forwarded-prefix', 'x-forwarded-server'],
  ...['x-forwarded-scheme', 'x-forwarded-ssl', 'x-forwarded-path', 'x-forwarded-uri', 'x-forwarded-user'],
  ...['x-forwarded-groups', 'x-forwarded-access-token', 'x-forwarded-client-cert', 'x-forwarded-by'],
  ...['x-original-url', 'x-original-uri', 'x-original-host', 'x-original-for', 'x-original-forwarded-for'],
  ...['x-rewrite-url', 'x-scheme', 'x-url-scheme', 'x-https', 'front-end-https', 'x-host'],
  ...['x-ssl-client-verify', 'ssl-client-cert', 'client-cert', 'client-cert-chain', 'x-client-cert'],
  ...['x-arr-ssl', 'x-arr-clientcert', 'x-amzn-mtls-clientcert-subject'],
  ...['remote-user', 'x-remote-user', 'remote-groups', 'x-auth-request-email'],
]
const OF_CLOUDFLARE = [
  'cf-ipcountry',
  'cf-ipcity',
  'cf-visitor',
  'cf-timezone',
  'cf-region-code',
  'cf-client-cert-verified',
]
const APPS = {
  ...{ 'x-requested-with': 'x', 'x-client-id': 'x', 'x-user-id': 'x', 'x-source-id': 'x', 'user-agent': 'x' },
  ...{ 'x-client-version': 'x', 'x-remote-config': 'x', 'x-original-filename': 'x', 'cf-ray': 'x', via: 'x' },
  ...{
    'x-csrf-token': 'x',
    referer: 'x',
    'x-shipping': 'x',
    'x-hostile': 'x',
    zip: 'x',
    'x-real-estate': 'x',
  },
}
const everySpelling = (name: string) => [
  name,
  name.replaceAll('-', '_'),
  name.replace('-', '_'),
  name.replaceAll('-', '.'),
]
const ALL = [...ADDRESSES, ...CONNECTIONS, ...OF_CLOUDFLARE]

describe.each<[string, Surroundings]>([
  ['off Cloudflare', {}],
  ['off Cloudflare, with an address that the visitor gives', { colo: 'local' }],
])('%s', (_, surroundings) => {
  it.each(ALL)('%s is the visitor’s word, in every spelling', (name) => {
    for (const spelt of everySpelling(name))
      expect(
        forOrigin({ [spelt]: '192.0.2.1', 'cf-connecting-ip': '192.0.2.1' }, surroundings),
        spelt,
      ).toEqual({})
  })
})

describe.each<[string, Surroundings]>([
  ['on Cloudflare', { colo: 'OTP' }],
  ['in development', { ENVIRONMENT: 'development' }],
])('%s', (_, surroundings) => {
  const edge = { 'cf-connecting-ip': '192.0.2.1' }
  const kept = { ...edge, 'x-forwarded-for': '192.0.2.1' }

  it.each(ADDRESSES)('%s passes with the address of the edge alone', (name) => {
    expect(forOrigin({ ...edge, [name]: '192.0.2.1' }, surroundings)).toEqual({
      ...kept,
      [name]: '192.0.2.1',
    })
    for (const value of ['127.0.0.1', '192.0.2.1, 127.0.0.1', ' ', 'unknown'])
      expect(forOrigin({ ...edge, [name]: value }, surroundings), value).toEqual(kept)
  })

  it.each(CONNECTIONS)('%s is the visitor’s word', (name) => {
    for (const spelt of everySpelling(name))
      expect(forOrigin({ ...edge, [spelt]: '192.0.2.1' }, surroundings), spelt).toEqual(kept)
  })

  it.each(OF_CLOUDFLARE)('%s is the edge’s', (name) => {
    expect(forOrigin({ ...edge, [name]: 'RO' }, surroundings)).toEqual({ ...kept, [name]: 'RO' })
  })
})

it('behind trusted proxies all of it is theirs', () => {
  const sent = Object.fromEntries(ALL.map((name) => [name, '192.0.2.1']))
  const chain = { 'x-forwarded-for': '192.0.2.1' }
  expect(forOrigin({ ...sent, ...chain }, { proxies: 1 })).toEqual({ ...sent, ...chain })
  // Who has gone around them has no chain.
  expect(forOrigin(sent, { proxies: 1 })).toEqual({})
})

it('a visitor takes none of it away by the Connection header', () => {
  const sent = { 'cf-connecting-ip': '192.0.2.1', 'cf-ipcountry': 'RO', 'x-real-ip': '192.0.2.1' }
  const named = {
    ...sent,
    'x-hop': 'x',
    connection: [...Object.keys(sent), 'X-Forwarded-For', 'x-hop'].join(', '),
  }
  expect(forOrigin(named, { colo: 'OTP' })).toEqual({ ...sent, 'x-forwarded-for': '192.0.2.1' })
  const chain = { 'x-real-ip': '192.0.2.1', 'x-forwarded-for': '192.0.2.1' }
  const connection = 'x-real-ip, x-forwarded-for'
  expect(forOrigin({ ...chain, connection }, { proxies: 1 })).toEqual(chain)
})

it('headers of apps pass everywhere', () => {
  for (const surroundings of [{}, { colo: 'OTP' }, { proxies: 1 }, { ENVIRONMENT: 'development' }])
    expect(forOrigin(APPS, surroundings)).toEqual(APPS)
})
