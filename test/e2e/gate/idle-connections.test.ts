/** Origins that close a connection at the moment at which the next request comes along it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { startTcp, type TcpOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

type Origin = TcpOrigin & { asked: number; lost: number }

/** Answers the first request of each connection, and closes it at the second as if it had been idle too long. */
async function startImpatient(answers: 0 | 1 = 1): Promise<Origin> {
  const origin = { asked: 0, lost: 0 }
  const tcp = await startTcp((socket) => {
    let left = answers
    socket.on('data', () => {
      origin.asked++
      if (left-- > 0) return void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      origin.lost++
      socket.destroy()
    })
  })
  return Object.assign(origin, tcp)
}

let control: Origin
let canary: Origin
let dead: Origin
let gate: Gate

beforeAll(async () => {
  control = await startImpatient()
  canary = await startImpatient()
  dead = await startImpatient(0)
  gate = await startGate({
    document: {
      origins: { control: { url: control.url }, canary: { url: canary.url }, dead: { url: dead.url } },
      routes: [
        { path: '/canary', flag: 'f', origins: { on: 'canary', off: 'control' }, rescue: false },
        { path: '/dead', origin: 'dead' },
        { path: '/*', origin: 'control' },
      ],
      flags: {
        f: {
          variants: { on: true, off: false },
          off: 'off',
          rules: [{ serve: 'on', stages: [{ percentage: 100 }] }],
        },
      },
    },
  })
})
afterAll(() => Promise.all([gate, control, canary, dead].map((each) => each?.close())))

/** The statuses of so many requests, one after the other, so that each finds the connection of the one before. */
async function statuses(path: string, count: number, methods = ['GET']): Promise<number[]> {
  const seen: number[] = []
  for (let n = 0; n < count; n++) {
    seen.push((await raw(gate.url + path, { method: methods[n % methods.length] as string })).status)
  }
  return seen
}

describe('an origin that closes connections as requests come', () => {
  it('costs no visitor an answer to a request that changes nothing', async () => {
    expect(await statuses('/', 9, ['GET', 'HEAD', 'OPTIONS'])).toEqual(Array(9).fill(200))
    expect(control.lost).toBeGreaterThan(3)
  })

  it('is not sent twice what may have had an effect', async () => {
    const before = control.asked
    await statuses('/', 1)
    const lostBefore = control.lost
    const { status } = await raw(gate.url, { method: 'POST', body: 'order' })
    expect(status).toBe(control.lost > lostBefore ? 502 : 200)
    expect(control.asked - before).toBeLessThanOrEqual(3)
  })

  it('is charged nothing, and each request counts once', async () => {
    expect(await statuses('/canary', 8)).toEqual(Array(8).fill(200))
    expect(canary.lost).toBeGreaterThan(3)
    const arm = await eventually('all are counted', async () => {
      const { canary } = (await gate.flag('f')).arms
      return canary.requests === 8 && canary
    })
    expect(arm.errors).toBe(0)
  })
})

describe('an origin that breaks every connection', () => {
  it('is asked a few times more, and no more once it is known to be away', async () => {
    expect(await statuses('/dead', 60)).toEqual(Array(60).fill(502))
    expect(dead.asked).toBeGreaterThan(60)
    expect(dead.asked).toBeLessThanOrEqual(60 + 10)
  })
})
