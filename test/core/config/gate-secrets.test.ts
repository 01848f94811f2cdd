/** A document names secrets of the Worker, but none of the gate's own: wherever it may name one. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { gateDocumentJsonSchema } from '../../../scripts/generate/json-schema.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { isGateVariable } from '../../../src/core/config/schema/values.ts'

const BASE = { origins: { old: { url: 'https://old.test' } }, routes: [{ path: '/*', origin: 'old' }] }
/** Each place where a document may name a secret. */
const PLACES: Readonly<Record<string, (name: string) => object>> = {
  '$.context.jwt.secretBinding': (secretBinding) => ({ context: { jwt: { secretBinding } } }),
  '$.notifications.webhooks[0].secretBinding': (secretBinding) => ({
    notifications: { webhooks: [{ url: 'https://hook.test/', secretBinding }] },
  }),
  '$.origins.old.binding': (binding) => ({ origins: { old: { binding } } }),
  '$.origins.old.headers.Key.secret': (secret) => ({
    origins: { old: { url: 'https://old.test', headers: { Key: { secret } } } },
  }),
}
const OWN = [
  ...['ADMIN_TOKEN', 'SIGNING_KEY', 'SIGNING_KEY_PREVIOUS', 'ADMIN_HOST', 'ENVIRONMENT'],
  ...['ACCESS_TEAM_DOMAIN', 'ACCESS_AUDIENCE', 'ACCESS_ADMINS', 'ACCESS_OPERATORS'],
]

it.each(Object.entries(PLACES))('%s', (path, documentWith) => {
  for (const name of OWN) {
    const parsed = parseDocumentValue({ ...BASE, ...documentWith(name) })
    const expected = "the name of a secret that is not one of the gate's own"
    expect(parsed, name).toMatchObject({ ok: false, problems: [{ path, found: `"${name}"`, expected }] })
  }
  for (const name of ['TOKENS', 'admin_token', 'MY_SIGNING_KEY', 'ACCESS_TOKEN_SECRET'])
    expect(parseDocumentValue({ ...BASE, ...documentWith(name) }).ok, name).toBe(true)
})

it.each(Object.entries(PLACES))(
  '%s is no name that objects have, nor one that no secret can have',
  (path, documentWith) => {
    const inherited = Object.getOwnPropertyNames(Object.prototype)
    expect(inherited).toContain('__proto__')
    for (const name of [...inherited, '', 'a b', 'a.b', 'MY-KEY', '1KEY', 'ключ', 'KEY\n', 'K'.repeat(101)])
      expect(parseDocumentValue({ ...BASE, ...documentWith(name) }), name).toMatchObject({
        ok: false,
        problems: [{ path }],
      })
  },
)

it('these are all the places that the schema has', () => {
  const places = JSON.stringify(gateDocumentJsonSchema()).match(/"\w*(?:[Ss]ecret|[Bb]inding)\w*":\{/g)
  const names = ['binding', 'secret', 'secretBinding', 'secretBinding']
  expect(places).toEqual(names.map((name) => `"${name}":{`))
  expect(Object.keys(PLACES)).toHaveLength(names.length)
})

it('these are all the variables that the gate reads', () => {
  const env = readFileSync('src/platform/env.ts', 'utf8')
  const access = readFileSync('src/api/auth/access-assertion.ts', 'utf8')
  const declared = [...env.matchAll(/^ {2}([A-Z_]+)\??:/gm)].map(([, name = '']) => name)
  const read = [...access.matchAll(/'(ACCESS_[A-Z_]+)'/g)].map(([, name = '']) => name)
  expect(declared.length + read.length).toBeGreaterThan(8)
  expect([...declared, ...read].filter((name) => !isGateVariable(name))).toEqual([])
})
