/**
 * `npm run demo`: the story of a rollout, for real: two origins, a gate, visitors. It ramps, breaks the new origin,
 * sees the gate close by itself, resumes, kills, and opens again. Exits 0 only if each step really happened.
 */

import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Shop, startShop } from '../../../examples/shop/shop.ts'
import { messageOf } from '../../core/message-of.ts'
import { launcherGone } from '../launcher.ts'
import { type LocalGate, startLocalGate } from '../local-gate.ts'
import { paint } from '../terminal.ts'
import { DEMO_FLAG, DemoApi, demoDocument } from './demo-gate.ts'
import { Screen } from './demo-screen.ts'
import { Traffic } from './traffic.ts'

const TOKEN = 'demo'
const VISITORS = 2_000
const REQUESTS_PER_SECOND = 150
/** A share is believed after so many answers: enough to tell 10 % from 50 % beyond doubt. */
const ANSWERS_NEEDED = 200
const EARLY_VISITORS = 10
/** Nobody on the new shop: so many answers in a row, for so long. */
const QUIET_ANSWERS = 40
const QUIET_MS = 500
/** For slow machines. A step that takes longer did not happen. */
const PATIENCE_MS = 60_000
const LOOK_EVERY_MS = 50

const mark = {
  begin: paint('cyan', '▶'),
  done: paint('green', '✔'),
  event: paint('yellow', '●'),
  failed: paint('red', '✗'),
  end: paint('cyan', '■'),
}

type Stage = {
  screen: Screen
  gate: LocalGate
  api: DemoApi
  traffic: Traffic
  newShop: Shop
}

async function tellStory(screen: Screen): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-demo-'))
  process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))
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
  screen.event(
    mark.begin,
    `the gate is on ${gate.url}, the old shop on ${oldShop.url}, the new on ${newShop.url}`,
  )
  const traffic = new Traffic({ url: gate.url, visitors: VISITORS, requestsPerSecond: REQUESTS_PER_SECOND })
  const stage = { screen, gate, api: new DemoApi(gate.url, TOKEN), traffic, newShop }
  try {
    await ramp(stage)
    await breakAndSeeItClose(stage)
    await resume(stage)
    await kill(stage)
    finish(stage)
  } finally {
    traffic.stop()
    await Promise.all([gate.close(), oldShop.close(), newShop.close()])
  }
}

async function ramp(stage: Stage): Promise<void> {
  const { screen, api, traffic } = stage
  await happens(stage, 'stage 1: 10 % of the visitors see the new shop', share(stage, 0.1))
  await showCounts(stage)
  const early = traffic.visitorsOnNew(EARLY_VISITORS)
  screen.event(mark.event, 'a person goes to stage 2')
  await api.command('stage', { stage: 1, reason: 'the demo ramps' })
  await happens(stage, 'stage 2: 50 % see it', share(stage, 0.5))
  await showCounts(stage)
  const again = await Promise.all(early.map((visitor) => traffic.ask(visitor)))
  if (!again.every((moment) => moment.reachedNew)) throw new Error('A visitor of stage 1 lost the new shop')
  screen.detail(`${again.length} visitors of stage 1 asked again: each still sees the new shop`)
}

async function breakAndSeeItClose(stage: Stage): Promise<void> {
  const { screen, api, traffic, newShop } = stage
  newShop.behave({ errorRate: 0.5 })
  const brokenMs = Date.now()
  screen.event(mark.event, 'the new shop breaks: it answers every second request with 500')
  await happens(stage, 'the gate has closed by itself: nobody is sent to the new shop any more', async () => {
    return (await api.state()) === 'rolled-back' && quiet(traffic)
  })
  const record = await api.rollbackRecord()
  const lastMs = traffic.lastOnNewMs() ?? brokenMs
  const { rescued, seenErrors } = traffic.since(brokenMs)
  screen.detail(`the last request got there ${seconds(lastMs - brokenMs)} after it broke`)
  screen.detail(`in the audit log, by ${record.actor}: ${record.reason}`)
  screen.detail(
    `${rescued} failures were answered by the old shop instead; visitors saw ${seenErrors} errors`,
  )
  newShop.behave({ errorRate: 0 })
  screen.event(mark.event, 'the new shop is mended; a rollback latches, so nothing opens by itself')
}

async function resume(stage: Stage): Promise<void> {
  stage.screen.event(mark.event, 'a person resumes')
  await stage.api.command('resume', { reason: 'mended' })
  await happens(stage, 'a new attempt, from 10 % again', share(stage, 0.1))
}

async function kill(stage: Stage): Promise<void> {
  const { screen, gate, traffic } = stage
  await gate.kv.put('kill', JSON.stringify([DEMO_FLAG]))
  const killedMs = Date.now()
  screen.event(mark.event, 'somebody writes the kill key into KV')
  await happens(stage, 'killed: everybody is back on the old shop', () => quiet(traffic))
  const lastMs = Math.max(killedMs, traffic.lastOnNewMs() ?? killedMs)
  screen.detail(`the last request got to the new shop ${seconds(lastMs - killedMs)} after the write`)
  await gate.kv.put('kill', '[]')
  screen.event(mark.event, 'the kill is lifted')
  await happens(stage, 'the rollout goes on where it was, at 10 %', share(stage, 0.1))
}

function finish({ screen, traffic }: Stage): void {
  const unanswered = traffic.moments.filter((moment) => moment.status === 0).length
  if (unanswered > 0) throw new Error(`${unanswered} requests got no answer at all`)
  screen.event(mark.end, `${traffic.moments.length} requests, every one of them answered`)
  screen.line('\nTry it yourself: npm start, then http://127.0.0.1:8787')
}

/** Waits for a condition; a step that does not happen ends the demo. */
async function happens(
  { screen, traffic }: Stage,
  what: string,
  holds: (sinceMs: number) => boolean | Promise<boolean>,
): Promise<void> {
  const sinceMs = Date.now()
  while (!(await holds(sinceMs))) {
    if (Date.now() > sinceMs + PATIENCE_MS)
      throw new Error(`${what}: did not happen within ${PATIENCE_MS / 1_000} s`)
    screen.traffic(traffic)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  screen.event(mark.done, what)
}

async function showCounts({ screen, api, traffic }: Stage): Promise<void> {
  const { canary, control } = await api.arms()
  const { share } = traffic.since(0, ANSWERS_NEEDED)
  screen.detail(
    `of the last ${ANSWERS_NEEDED} answers, ${Math.round(share * ANSWERS_NEEDED)} came from the new shop`,
  )
  screen.detail(
    `the gate counts: canary ${canary.requests} requests, ${canary.errors} errors; ` +
      `control ${control.requests} requests, ${control.errors} errors`,
  )
}

/** Whether the new shop's share, of the latest answers, is what it should be, give or take what chance allows. */
function share({ traffic }: Stage, expected: number): (sinceMs: number) => boolean {
  const sigma = Math.sqrt((expected * (1 - expected)) / ANSWERS_NEEDED)
  return (sinceMs) => {
    const seen = traffic.since(sinceMs, ANSWERS_NEEDED)
    return (
      seen.answers === ANSWERS_NEEDED && seen.seenErrors === 0 && Math.abs(seen.share - expected) < 4 * sigma
    )
  }
}

function quiet(traffic: Traffic): boolean {
  const { answers, share } = traffic.since(Date.now() - QUIET_MS)
  return answers > 0 && share === 0 && traffic.since(0, QUIET_ANSWERS).share === 0
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

const screen = new Screen()
screen.line(
  `A rollout on a real gate: ${VISITORS} visitors, up to ${REQUESTS_PER_SECOND} requests a second. It takes about half a minute.\n`,
)
void launcherGone().then(() => process.exit(1))
try {
  await tellStory(screen)
  process.exit(0)
} catch (error) {
  screen.event(mark.failed, messageOf(error))
  process.exit(1)
}
