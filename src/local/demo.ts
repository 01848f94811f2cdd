/**
 * `npm run demo`: the story of a rollout, for real: two origins, a gate, visitors. It ramps, breaks the new origin,
 * sees the gate close by itself, resumes, kills, and opens again. Exits 0 only if each step really happened.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startShop } from '../../examples/shop/shop.ts'
import { startLocalGate } from './gate.ts'
import { paint } from './terminal.ts'
import { Traffic } from './traffic.ts'

const FLAG = 'new-shop'
const TOKEN = 'demo'
const REQUESTS_PER_SECOND = 150
/** A share is believed after so many answers: enough to tell 10 % from 50 % beyond doubt. */
const ANSWERS_NEEDED = 300
const PATIENCE_MS = 20_000

const startedMs = Date.now()

function tell(mark: string, text: string): void {
  const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1).padStart(5)
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')
  console.log(`${paint('dim', `${seconds} s`)}  ${mark} ${text}`)
}

/** Waits for a condition; a step that does not happen ends the demo. */
async function expectSoon(
  what: string,
  traffic: Traffic,
  holds: (sinceMs: number) => boolean | Promise<boolean>,
) {
  const sinceMs = Date.now()
  while (!(await holds(sinceMs))) {
    if (Date.now() > sinceMs + PATIENCE_MS)
      throw new Error(`${what}: did not happen within ${PATIENCE_MS / 1_000} s`)
    showLive(traffic)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  tell(paint('green', '✔'), what)
}

const BAR = 30

/** On a terminal, the share of the new shop within the last second, as it moves. */
function showLive(traffic: Traffic): void {
  if (!process.stdout.isTTY) return
  const { share, errors } = traffic.since(Date.now() - 1_000, 'new')
  const bar = '█'.repeat(Math.round(share * BAR)).padEnd(BAR, '░')
  const failing = errors > 0 ? paint('red', `${errors} errors`) : ''
  process.stdout.write(
    `\r         new ${paint('cyan', bar)} ${(share * 100).toFixed(0).padStart(3)} % ${failing}\x1b[K`,
  )
}

function demoDocument(old: string, next: string): string {
  return JSON.stringify({
    origins: { old: { url: old }, new: { url: next } },
    context: { targetingKey: { header: 'x-user-id' } },
    routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
    flags: {
      [FLAG]: {
        variants: { on: true, off: false },
        off: 'off',
        rules: [
          {
            name: 'canary',
            serve: 'on',
            stages: [{ percentage: 10 }, { percentage: 50 }, { percentage: 100 }],
          },
        ],
        guard: { ceilings: { errorRate: 0.2, minRequests: 20 } },
      },
    },
  })
}

async function tellStory(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-demo-'))
  const [oldShop, newShop] = await Promise.all([startShop({ version: 'old' }), startShop({ version: 'new' })])
  const document = demoDocument(oldShop.url, newShop.url)
  const gate = await startLocalGate({
    port: 0,
    dataDir,
    adminToken: TOKEN,
    signingKey: undefined,
    environment: 'development',
    bundledDocument: document,
  })
  await gate.kv.put('config', document)
  tell(paint('cyan', '▶'), `gate on ${gate.url}, old shop on ${oldShop.url}, new shop on ${newShop.url}`)
  const traffic = new Traffic({ url: gate.url, visitors: 2_000, requestsPerSecond: REQUESTS_PER_SECOND })
  try {
    await ramp(gate.url, traffic)
    await breakAndSeeItClose(gate.url, traffic, newShop)
    await resume(gate.url, traffic)
    await kill(gate, traffic)
    const failed = traffic.moments.filter((moment) => moment.status === 0).length
    if (failed > 0) throw new Error(`${failed} requests got no answer at all`)
    tell(paint('cyan', '■'), `${traffic.moments.length} requests, every one of them answered`)
  } finally {
    traffic.stop()
    await Promise.all([gate.close(), oldShop.close(), newShop.close()])
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function ramp(url: string, traffic: Traffic): Promise<void> {
  await expectSoon('stage 1: about 10 % of visitors see the new shop', traffic, near(traffic, 0.1))
  await command(url, 'stage', { stage: 1, reason: 'the demo ramps' })
  await expectSoon('stage 2: about 50 % see it', traffic, near(traffic, 0.5))
}

async function breakAndSeeItClose(
  url: string,
  traffic: Traffic,
  shop: { behave(changes: { errorRate: number }): void },
): Promise<void> {
  shop.behave({ errorRate: 0.5 })
  const brokenMs = Date.now()
  tell(paint('yellow', '⚡'), 'the new shop begins to answer every second request with 500')
  await expectSoon(
    'the gate has closed by itself: nobody is sent to the new shop any more',
    traffic,
    async () => {
      const { flags } = await get<Status>(url, 'status')
      return flags[FLAG]?.state === 'rolled-back' && quiet(traffic)
    },
  )
  const lastMs = traffic.lastFrom('new') ?? brokenMs
  tell(' ', `last request on the new shop ${((lastMs - brokenMs) / 1_000).toFixed(1)} s after it broke`)
  const { records } = await get<Audit>(url, 'audit')
  const record = records.find((candidate) => candidate.action === 'rollback' && candidate.actor === 'guard')
  if (record === undefined) throw new Error('the audit log has no record of the rollback')
  tell(' ', `audit log: ${record.actor}: ${record.reason}`)
  shop.behave({ errorRate: 0 })
  tell(paint('yellow', '⚒'), 'the new shop is mended; a rollback latches, so nothing happens by itself')
}

async function resume(url: string, traffic: Traffic): Promise<void> {
  await command(url, 'resume', { reason: 'mended' })
  await expectSoon('resumed: a new attempt, from 10 % again', traffic, near(traffic, 0.1))
}

async function kill(
  gate: { url: string; kv: { put(key: string, value: string): Promise<void> } },
  traffic: Traffic,
) {
  await gate.kv.put('kill', JSON.stringify([FLAG]))
  const killedMs = Date.now()
  tell(paint('yellow', '✋'), 'somebody writes the kill key into KV')
  await expectSoon('killed: everybody is back on the old shop', traffic, () => quiet(traffic))
  const lastMs = traffic.lastFrom('new') ?? killedMs
  tell(
    ' ',
    `last request on the new shop ${Math.max(0, (lastMs - killedMs) / 1_000).toFixed(1)} s after the write`,
  )
  await gate.kv.put('kill', '[]')
  await expectSoon('the kill is lifted: the rollout goes on where it was', traffic, near(traffic, 0.1))
}

/** Whether the new shop's share, of the latest answers, is what it should be, give or take what chance allows. */
function near(traffic: Traffic, share: number): (sinceMs: number) => boolean {
  return (sinceMs) => {
    const windowMs = (ANSWERS_NEEDED / REQUESTS_PER_SECOND) * 1_000
    const seen = traffic.since(Math.max(sinceMs, Date.now() - windowMs), 'new')
    const sigma = Math.sqrt((share * (1 - share)) / ANSWERS_NEEDED)
    return (
      seen.answers >= ANSWERS_NEEDED * 0.9 && seen.errors === 0 && Math.abs(seen.share - share) < 4 * sigma
    )
  }
}

/** Nobody has been sent to the new shop for half a second. */
function quiet(traffic: Traffic): boolean {
  const { answers, share } = traffic.since(Date.now() - 500, 'new')
  return answers > 0 && share === 0
}

type Status = { flags: Record<string, { state: string }> }
type Audit = { records: { actor: string; action: string; reason: string }[] }

async function get<T>(url: string, path: string): Promise<T> {
  const response = await fetch(`${url}/__sluice/api/v1/${path}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

async function command(url: string, verb: string, body: Readonly<Record<string, unknown>>): Promise<void> {
  const response = await fetch(`${url}/__sluice/api/v1/flags/${FLAG}/${verb}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${verb}: ${response.status} ${await response.text()}`)
}

try {
  await tellStory()
  process.exit(0)
} catch (error) {
  tell(paint('red', '✗'), error instanceof Error ? error.message : String(error))
  process.exit(1)
}
