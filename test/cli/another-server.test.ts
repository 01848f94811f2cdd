/** The address leads to a server that is no gate. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { sluice } from './gate/support.ts'

const EXAMPLE = 'config/gate.json'
let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** Gives every request the same page; resolves with its address. */
async function startPage(status: number): Promise<string> {
  const started = createServer((_, response) =>
    response.writeHead(status, { 'content-type': 'text/html' }).end('<p>Welcome</p>'),
  )
  server = started
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}`
}

it.each([
  ['status', 200],
  ['status --watch', 200],
  ['kill f --wait', 200],
  ['flags list', 404],
  [`publish ${EXAMPLE}`, 403],
])('"%s" says that what answered %i is no gate, and gives up', async (line, status) => {
  const url = await startPage(status)
  const ran = await sluice([...line.split(' '), '--url', url])
  expect(ran.code).toBe(1)
  expect(ran.err).toContain(`${url} answered ${status}`)
  expect(ran.err).toContain('is the address right?')
  const json = await sluice([...line.split(' '), '--url', url, '--json'])
  expect([json.code, json.err]).toEqual([1, ''])
  expect(JSON.parse(json.out).error).toMatchObject({ kind: 'not-a-gate', status })
})
