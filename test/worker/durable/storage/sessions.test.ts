/** Sessions of the dashboard in storage: until they are closed, unused for an hour, or twelve hours old. */
import { expect, it } from 'vitest'
import { SessionStore } from '../../../../src/durable/storage/session-store.ts'
import { withStorage } from '../../support/storage.ts'

const HOUR_MS = 3_600_000
const withSessions = (work: (sessions: SessionStore, sql: SqlStorage) => void) =>
  withStorage(({ sql }) => work(new SessionStore(sql), sql))

it('a session is found by its own hash alone, with the hash of its token', () =>
  withSessions((sessions) => {
    expect(sessions.open('a', 'token', 0)).toEqual({ tokenHash: 'token', untilMs: 12 * HOUR_MS })
    sessions.open('b', 'other', 0)
    expect(sessions.find('a', 1)?.tokenHash).toBe('token')
    expect(sessions.find('b', 1)?.tokenHash).toBe('other')
    expect(sessions.find('token', 1)).toBeUndefined()
  }))

it('it ends with an hour in which nothing uses it, to the millisecond', () =>
  withSessions((sessions) => {
    sessions.open('a', 'token', 0)
    expect(sessions.find('a', HOUR_MS - 1)).toEqual({ tokenHash: 'token', untilMs: 2 * HOUR_MS - 1 })
    expect(sessions.find('a', 2 * HOUR_MS - 1)).toBeUndefined()
    sessions.open('b', 'token', 0)
    expect(sessions.find('b', HOUR_MS)).toBeUndefined()
  }))

it('it ends after twelve hours however it is used', () =>
  withSessions((sessions) => {
    sessions.open('a', 'token', 0)
    for (let ms = 0; ms < 12 * HOUR_MS; ms += HOUR_MS / 2)
      expect(sessions.find('a', ms), `${ms}`).toBeDefined()
    expect(sessions.find('a', 12 * HOUR_MS - 1)).toMatchObject({ untilMs: 12 * HOUR_MS })
    expect(sessions.find('a', 12 * HOUR_MS)).toBeUndefined()
  }))

it('the last use is written at most once a minute', () =>
  withSessions((sessions, sql) => {
    sessions.open('a', 'token', 0)
    const used = () => sql.exec('SELECT used_ms FROM sessions').one().used_ms
    sessions.find('a', 59_999)
    expect(used()).toBe(0)
    sessions.find('a', 60_000)
    expect(used()).toBe(60_000)
  }))

it('a closed one is gone, the others are not', () =>
  withSessions((sessions) => {
    sessions.open('a', 'token', 0)
    sessions.open('b', 'token', 0)
    sessions.close('a')
    expect([sessions.find('a', 1), sessions.find('b', 1)?.tokenHash]).toEqual([undefined, 'token'])
  }))

it('ended ones leave storage with the next sign-in; of one token the newest 50 stay', () =>
  withSessions((sessions, sql) => {
    const count = () => sql.exec('SELECT count(*) AS n FROM sessions').one().n
    sessions.open('idle', 'token', 0)
    sessions.open('new', 'token', HOUR_MS)
    expect(count()).toBe(1)
    for (let n = 0; n < 60; n++) sessions.open(`s${n}`, 'busy', HOUR_MS)
    expect(count()).toBe(51)
    expect([sessions.find('s9', HOUR_MS), sessions.find('s10', HOUR_MS)?.tokenHash]).toEqual([
      undefined,
      'busy',
    ])
    expect(sessions.find('new', HOUR_MS)).toBeDefined()
  }))
