/** The gate under load for a long time, with its document replaced every second: does its memory grow? */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startLoad } from './load.ts'
import { startRig } from './rig.ts'
import { startEditing, stopEditing } from './scenarios.ts'

const SAMPLE_MS = 10_000
/** Beyond the first minutes, in which caches and compiled code fill up. */
const MOST_GROWTH = 1.2

/** Whether memory stays flat from the first third to the last. */
export async function soak(worker: string, minutes: number, perSecond: number): Promise<boolean> {
  const rig = await startRig(worker)
  startEditing(rig)
  const load = startLoad(rig.workerd.urls, perSecond)
  const samples: number[] = []
  const untilMs = performance.now() + minutes * 60_000
  while (performance.now() < untilMs) {
    await new Promise((done) => setTimeout(done, SAMPLE_MS))
    samples.push(await residentMegabytes(rig.workerd.pid))
  }
  stopEditing()
  await load.stop()
  await rig.close()
  const third = Math.max(1, Math.floor(samples.length / 3))
  const [first, last] = [samples.slice(0, third), samples.slice(-third)].map(median)
  const failed = load.shots.filter(({ status, isBroken }) => status !== 200 || isBroken).length
  console.log(`${minutes} minutes, ${load.shots.length} requests, ${failed} failed`)
  console.log(`memory of workerd, MB every 10 s: ${samples.map(Math.round).join(' ')}`)
  console.log(
    `median of the first third ${Math.round(first ?? 0)} MB, of the last ${Math.round(last ?? 0)} MB`,
  )
  return failed === 0 && (last ?? 0) <= (first ?? 0) * MOST_GROWTH
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

async function residentMegabytes(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout.trim()) / 1_024
}
