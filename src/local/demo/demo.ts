/**
 * `npm run demo`: the story of a rollout, for real: two origins, a gate, visitors. It ramps, breaks the new origin,
 * sees the gate roll back by itself, resumes, kills, and lifts the kill. Exits 0 only if each step really happened.
 */
import { styleText } from 'node:util'
import { type Shop, startShop } from '../../../examples/shop/shop.ts'
import type { FlagStatusView } from '../../contract/responses.ts'
import { messageOf } from '../../core/message-of.ts'
import { launcherGone } from '../launcher.ts'
import { startTemporaryGate, type TemporaryGate } from '../temporary-gate.ts'
import { Screen } from './demo-screen.ts'
import { Traffic } from './traffic.ts'

const FLAG = 'new-shop'
const VISITORS = 2_000
const REQUESTS_PER_SECOND = 150
/** A share is believed after so many answers: enough to tell 10 % from 50 % beyond doubt. */
const ANSWERS_NEEDED = 200
const EARLY_VISITORS = 10
/** No visitor on the new shop: so many answers in a row, for so long. */
const QUIET_ANSWERS = 40
const QUIET_MS = 500
/** For slow machines. A step that takes longer did not happen. */
const PATIENCE_MS = 60_000
const LOOK_EVERY_MS = 50

const mark = {
  begin: styleText('cyan', '▶'),
  done: styleText('green', '✔'),
  event: styleText('yellow', '●'),
  failed: styleText('red', '✗'),
  end: styleText('cyan', '■'),
}

type Stage = {
  screen: Screen
  gate: TemporaryGate
  traffic: Traffic
  newShop: Shop
}

async function tellStory(screen: Screen): Promise<void> {
  const [oldShop, newShop] = await Promise.all([startShop({ version: 'old' }), startShop({ version: 'new' })])
  const gate = await startTemporaryGate(demoDocument(oldShop.url, newShop.url))
  screen.event(
    mark.begin,
    `the gate is on ${gate.url}, the old shop on ${oldShop.url}, the new on ${newShop.url}`,
  )
  const traffic = new Traffic({ url: gate.url, visitors: VISITORS, requestsPerSecond: REQUESTS_PER_SECOND })
  const stage = { screen, gate, traffic, newShop }
  try {
    await ramp(stage)
    await breakAndSeeRollback(stage)
    await resume(stage)
    await kill(stage)
    finish(stage)
  } finally {
    traffic.stop()
    await Promise.all([gate.close(), oldShop.close(), newShop.close()])
  }
}

/** Three stages that wait for an operator, and a guard with a ceiling besides. */
function demoDocument(oldUrl: string, newUrl: string): object {
  return {
    origins: { old: { url: oldUrl }, new: { url: newUrl } },
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
        guard: { errors: {}, ceilings: { errorRate: 0.2, minRequests: 20 } },
      },
    },
  }
}

async function ramp(stage: Stage): Promise<void> {
  const { screen, gate, traffic } = stage
  await happens(stage, 'stage 1: 10 % of the visitors see the new shop', share(stage, 0.1))
  await showCounts(stage)
  const early = traffic.visitorsOnNew(EARLY_VISITORS)
  screen.event(mark.event, 'an operator advances to stage 2')
  await gate.admin.command(FLAG, 'stage', { stage: 1, reason: 'the demo ramps' })
  await happens(stage, 'stage 2: 50 % see it', share(stage, 0.5))
  await showCounts(stage)
  const again = await Promise.all(early.map((visitor) => traffic.ask(visitor)))
  if (!again.every((moment) => moment.reachedNew)) throw new Error('A visitor of stage 1 lost the new shop')
  screen.detail(`${again.length} visitors of stage 1 asked again: each still sees the new shop`)
}

async function breakAndSeeRollback(stage: Stage): Promise<void> {
  const { screen, gate, traffic, newShop } = stage
  newShop.behave({ errorRate: 0.5 })
  const brokenMs = Date.now()
  screen.event(mark.event, 'the new shop breaks: it answers every second request with 500')
  await happens(stage, 'the gate has rolled back by itself: no visitor is sent to the new shop', async () => {
    return (await flagOf(gate)).state === 'rolled-back' && quiet(traffic)
  })
  const { records } = await gate.admin.call('listAudit', { query: { flag: FLAG } })
  const record = records.find(({ action, actor }) => action === 'rollback' && actor === 'guard')
  if (record === undefined) throw new Error('The audit log has no record of the rollback')
  const lastMs = traffic.lastOnNewMs() ?? brokenMs
  const { rescued, seenErrors } = traffic.since(brokenMs)
  screen.detail(`the last request got there ${seconds(lastMs - brokenMs)} after it broke`)
  screen.detail(`in the audit log, by ${record.actor}: ${record.reason}`)
  screen.detail(
    `${rescued} failures were answered by the old shop instead; visitors saw ${seenErrors} errors`,
  )
  newShop.behave({ errorRate: 0 })
  screen.event(mark.event, 'the new shop is fixed; a rollback latches, so nothing opens by itself')
}

async function resume(stage: Stage): Promise<void> {
  stage.screen.event(mark.event, 'an operator resumes')
  await stage.gate.admin.command(FLAG, 'resume', { reason: 'fixed' })
  await happens(stage, 'a new attempt, from 10 % again', share(stage, 0.1))
}

async function kill(stage: Stage): Promise<void> {
  const { screen, gate, traffic } = stage
  await gate.kv.put('kill', JSON.stringify([FLAG]))
  const killedMs = Date.now()
  screen.event(mark.event, 'an operator writes the kill key into KV')
  await happens(stage, 'killed: every visitor is back on the old shop', () => quiet(traffic))
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

async function flagOf({ admin }: TemporaryGate): Promise<FlagStatusView> {
  const flag = (await admin.call('getStatus')).flags[FLAG]
  if (flag === undefined) throw new Error(`The status has no flag ${FLAG}`)
  return flag
}

async function showCounts({ screen, gate, traffic }: Stage): Promise<void> {
  const { canary, control } = (await flagOf(gate)).arms
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
