/** Tokens of the admin API in storage: found until they expire or are revoked, never by anything but their hash. */
import { expect, it } from 'vitest'
import { AuditLog } from '../../../../src/durable/storage/audit-log.ts'
import { type TokenInfo, TokenStore } from '../../../../src/durable/storage/token-store.ts'
import { withStorage } from '../../support/storage.ts'

const TOKEN: TokenInfo = {
  id: 'id-1',
  name: 'Olga',
  role: 'operator',
  createdAtMs: 1_000,
  createdBy: 'admin',
  expiresAtMs: 100_000,
  lastUsedAtMs: undefined,
}

const withTokens = (work: (tokens: TokenStore, audit: AuditLog, sql: SqlStorage) => void) =>
  withStorage(({ sql }) => {
    const audit = new AuditLog(sql)
    work(new TokenStore(sql, audit), audit, sql)
  })

it('a token is found until the millisecond in which it expires', () =>
  withTokens((tokens) => {
    tokens.add(TOKEN, 'hash')
    expect(tokens.find('hash', 99_999)).toEqual(TOKEN)
    expect(tokens.find('hash', 100_000)).toBeUndefined()
    expect(tokens.find('hash', 1e15)).toBeUndefined()
  }))

it('a token without an expiry is found for ever, another hash never', () =>
  withTokens((tokens) => {
    const info = { ...TOKEN, expiresAtMs: undefined }
    tokens.add(info, 'hash')
    expect(tokens.find('hash', 1e15)).toEqual(info)
    expect(tokens.find('other', 1e15)).toBeUndefined()
  }))

it('the last use is noted at most once a minute, and not for an expired token', () =>
  withTokens((tokens) => {
    tokens.add(TOKEN, 'hash')
    const usedAfterUse = (nowMs: number) => {
      tokens.find('hash', nowMs)
      return tokens.list()[0]?.lastUsedAtMs
    }
    // A token that was never used is noted with its first use.
    expect([70_000, 70_001, 99_999].map(usedAfterUse)).toEqual([70_000, 70_000, 70_000])
    expect(usedAfterUse(200_000)).toBe(70_000)
  }))

it('after a minute the last use is noted again', () =>
  withTokens((tokens) => {
    tokens.add({ ...TOKEN, expiresAtMs: undefined }, 'hash')
    for (const nowMs of [100_000, 159_999]) tokens.find('hash', nowMs)
    expect(tokens.list()[0]?.lastUsedAtMs).toBe(100_000)
    tokens.find('hash', 160_000)
    expect(tokens.list()[0]?.lastUsedAtMs).toBe(160_000)
  }))

it('tokens are listed by age, and survive a restart', () =>
  withTokens((tokens, audit, sql) => {
    tokens.add({ ...TOKEN, id: 'young', createdAtMs: 2_000 }, 'a')
    tokens.add({ ...TOKEN, id: 'old', name: 'Otto' }, 'b')
    expect(new TokenStore(sql, audit).list().map(({ id }) => id)).toEqual(['old', 'young'])
  }))

it('a revoked token is gone, and both changes are on record with who made them', () =>
  withTokens((tokens, audit) => {
    tokens.add(TOKEN, 'hash')
    tokens.add({ ...TOKEN, id: 'id-2', name: 'Otto' }, 'hash-2')
    expect(tokens.revoke('id-1', 'Ada')).toEqual(TOKEN)
    expect(tokens.find('hash', 0)).toBeUndefined()
    expect(tokens.find('hash-2', 0)?.id).toBe('id-2')
    expect(tokens.revoke('id-1', 'Ada')).toBeUndefined()
    const what = { id: 'id-1', name: 'Olga', role: 'operator' }
    const [revoked, , created, ...more] = audit.latest({ limit: 9 })
    expect(revoked).toMatchObject({
      actor: 'Ada',
      action: 'token-revoked',
      reason: 'Olga may not act as operator any more',
      before: what,
      after: null,
    })
    expect(created).toMatchObject({
      actor: 'admin',
      action: 'token-created',
      reason: 'Olga may act as operator',
      before: null,
      after: what,
    })
    expect(more).toEqual([])
  }))

it('a name is one token’s, however it is written, until that has expired or is revoked', () =>
  withTokens((tokens, audit) => {
    expect(tokens.add(TOKEN, 'a')).toBe(true)
    for (const [index, name] of ['Olga', 'olga', 'OLGA', 'Ｏlga'].entries())
      expect(tokens.add({ ...TOKEN, id: `x${index}`, name, createdAtMs: 99_999 }, `x${index}`), name).toBe(
        false,
      )
    expect(tokens.list()).toHaveLength(1)
    expect(audit.latest({ limit: 9 })).toHaveLength(1)
    expect(tokens.find('x0', 0)).toBeUndefined()
    expect(tokens.add({ ...TOKEN, id: 'later', createdAtMs: 100_000, expiresAtMs: undefined }, 'b')).toBe(
      true,
    )
    expect(tokens.add({ ...TOKEN, id: 'never', createdAtMs: 1e15 }, 'c')).toBe(false)
    tokens.revoke('later', 'Ada')
    expect(tokens.add({ ...TOKEN, id: 'again', createdAtMs: 1e15 }, 'd')).toBe(true)
  }))
