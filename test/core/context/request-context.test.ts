import { describe, expect, it } from 'vitest'
import {
  anonymousAs,
  NO_VISITOR,
  RequestContext,
  type RequestFacts,
} from '../../../src/core/context/request-context.ts'

/** The context of a request whose headers all have this value. */
function contextOf(value: string): RequestContext {
  const facts = { header: () => value } as unknown as RequestFacts
  const identity = {
    targetingKey: [{ kind: 'header' as const, name: 'x-user-id' }],
    keepsFirst: false,
    attributes: new Map(),
    jwt: undefined,
  }
  return new RequestContext(facts, identity, anonymousAs('anonymous'), () => 0.5)
}

describe('the language', () => {
  it.each([
    ['ro', 'ro'],
    ['de;q=0.2, ro', 'ro'],
    ['de;q=0.5, ro;q=0.5', 'de'],
    ['*, ro;q=0.1', 'ro'],
    ['de;Q=0.2, ro;Q=0.9', 'ro'],
    ['de;q=0', undefined],
    ['', undefined],
  ])('that "%s" prefers is %s', (header, language) => {
    expect(contextOf(header).attribute('language')).toBe(language)
  })
})

describe('the targeting key', () => {
  const keyOf = (id: string) => contextOf(id).targetingKey()

  it('tells tokens apart that begin alike, as those of one issuer do', () => {
    const beginning = 'eyJhbGciOiJSUzI1NiJ9.'.repeat(50)
    expect(keyOf(`${beginning}ana`)).not.toBe(keyOf(`${beginning}bob`))
  })

  it('is no longer than a cookie, since origins hear of it in a header', () => {
    expect(keyOf('x'.repeat(20_000))?.length).toBe(4_096)
  })
})

describe('a visitor who signs in', () => {
  const keyAfter = (keepsFirst: boolean, brought: string | undefined) => {
    const facts = { header: (name: string) => (name === 'x-user-id' ? 'ada' : undefined) }
    const identity = {
      targetingKey: [{ kind: 'header' as const, name: 'x-user-id' }],
      keepsFirst,
      attributes: new Map(),
      jwt: undefined,
    }
    const anonymous = { key: () => 'new', broughtKey: () => brought, keyStanding: () => 'proven' as const }
    const context = new RequestContext(facts as RequestFacts, identity, anonymous, () => 0)
    return [context.targetingKey(), context.keyStanding(), context.attribute('userId')]
  }

  it('is who they say, or with keepFirst who they were', () => {
    expect(keyAfter(false, 'first')).toEqual(['ada', 'unproven', 'ada'])
    expect(keyAfter(true, 'first')).toEqual(['first', 'proven', 'ada'])
    expect(keyAfter(true, undefined)).toEqual(['ada', 'unproven', 'ada'])
  })

  it('without an id has no key, and is not compared', () => {
    const identity = { targetingKey: [], keepsFirst: false, attributes: new Map(), jwt: undefined }
    const context = new RequestContext({} as RequestFacts, identity, NO_VISITOR, () => 0)
    expect([context.targetingKey(), context.keyStanding()]).toEqual([undefined, 'excluded'])
  })
})
