/**
 * The KV namespace of a gate on one machine: the HTTP that a KV binding of workerd speaks, with values in SQLite. A value
 * is stored before the answer to its PUT is sent, so a crash loses nothing that was acknowledged.
 *
 * | request | answer |
 * |---|---|
 * | `GET /<key>` | 200 and the value, or 404 |
 * | `PUT /<key>`, body: the value | 204 |
 * | `DELETE /<key>` | 204 |
 * | `POST /bulk/get`, body: `{ "keys": [...] }` | 200 and an object: each key with its text, or null |
 *
 * Keys are percent-encoded. Metadata and expiry, which the gate does not use, are not kept.
 */
import { DurableObject } from 'cloudflare:workers'

/** What KV on Cloudflare takes, too. */
const LONGEST_KEY_BYTES = 512
const LARGEST_VALUE_BYTES = 25 * 1024 * 1024
/** A row of SQLite in a Durable Object holds 2 MB: larger values are kept in pieces. */
const PIECE_BYTES = 1_000_000

export class Values extends DurableObject {
  constructor(state, env) {
    super(state, env)
    this.sql = state.storage.sql
    this.sql.exec(
      'CREATE TABLE IF NOT EXISTS pieces (key TEXT, place INTEGER, piece BLOB NOT NULL, PRIMARY KEY (key, place))',
    )
  }

  async fetch(request) {
    const { pathname } = new URL(request.url)
    if (request.method === 'POST' && pathname === '/bulk/get') return this.#several(await request.json())
    const key = decodeURIComponent(pathname.slice(1))
    if (key === '' || new TextEncoder().encode(key).length > LONGEST_KEY_BYTES)
      return new Response('A key must have 1 to 512 bytes', { status: 414 })
    switch (request.method) {
      case 'GET': {
        const value = this.#value(key)
        return value === undefined ? new Response('', { status: 404 }) : new Response(value)
      }
      case 'PUT': {
        const value = new Uint8Array(await request.arrayBuffer())
        if (value.length > LARGEST_VALUE_BYTES)
          return new Response('A value has at most 25 MiB', { status: 413 })
        this.#store(key, value)
        return new Response(null, { status: 204 })
      }
      case 'DELETE':
        this.sql.exec('DELETE FROM pieces WHERE key = ?', key)
        return new Response(null, { status: 204 })
      default:
        return new Response('GET, PUT, DELETE, or POST /bulk/get', { status: 405 })
    }
  }

  #several({ keys }) {
    const text = (key) => {
      const value = this.#value(key)
      return value === undefined ? null : new TextDecoder().decode(value)
    }
    return Response.json(Object.fromEntries(keys.map((key) => [key, text(key)])))
  }

  #value(key) {
    const rows = this.sql.exec('SELECT piece FROM pieces WHERE key = ? ORDER BY place', key).toArray()
    if (rows.length === 0) return undefined
    const value = new Uint8Array(rows.reduce((sum, { piece }) => sum + piece.byteLength, 0))
    let at = 0
    for (const { piece } of rows) {
      value.set(new Uint8Array(piece), at)
      at += piece.byteLength
    }
    return value
  }

  /** All pieces or none: what a request writes is one transaction. */
  #store(key, value) {
    this.sql.exec('DELETE FROM pieces WHERE key = ?', key)
    // An empty value is a value.
    for (let at = 0; at === 0 || at < value.length; at += PIECE_BYTES)
      this.sql.exec('INSERT INTO pieces VALUES (?, ?, ?)', key, at, value.slice(at, at + PIECE_BYTES))
  }
}

export default {
  fetch: (request, { VALUES }) => VALUES.get(VALUES.idFromName('kv')).fetch(request),
}
