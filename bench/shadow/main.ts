/**
 * `npm run bench:shadow`: shadow traffic, simulated: a noisy shop against itself, and against versions with one fault each.
 *
 *     npm run bench:shadow -- [--live] [--quick] [--write] [--json]
 *
 * `--live` instead measures a running gate: what visitors feel of copies, and what these keep in memory.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareAnswers } from '../../src/core/shadow/compare.ts'
import { NO_SHADOW, SHADOW_DEFAULTS, type ShadowState, stepShadow } from '../../src/core/shadow/evidence.ts'
import { readAnswer } from '../../src/core/shadow/read-answer.ts'
import { routeTemplate } from '../../src/core/shadow/route-template.ts'
import { shadowVerdict } from '../../src/core/shadow/verdict.ts'
import { buildWorker } from '../../src/local/build/build-worker.ts'
import { emit, progress } from '../../test-kit/report/emit.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { writeSection } from '../../test-kit/report/section.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import {
  comparisonOf,
  SHOP_FAULTS,
  type ShopFault,
  shopAnswer,
  shopRequest,
} from '../../test-kit/simulation/noisy-shop.ts'
import { type Random, seeded } from '../../test-kit/simulation/random.ts'
import { measureLive } from './live.ts'
import { liveToMarkdown, type ShadowResult, toMarkdown } from './report.ts'

const { values: options } = scriptArgs({
  options: {
    live: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

const STAGES = options.quick ? 100 : 1_000
const SAMPLES_PER_STAGE = 1_000
const RUNS = options.quick ? 5 : 30
const MOST_SAMPLES = 2_000
const RULES = { hosts: [] }

if (options.live) await live()
else await simulated()

async function simulated(): Promise<void> {
  const alike = stagesOfEquals()
  const faults = SHOP_FAULTS.map((fault, index) => {
    progress(`${fault.name} (${index + 1} of ${SHOP_FAULTS.length})`)
    const found = Array.from({ length: RUNS }, (_, run) => samplesUntilFound(fault, seeded(fault.name, run)))
    return {
      fault: fault.name,
      where: fault.at.join(' · '),
      shown: fault.isRare ? 'its own route alone' : 'six routes',
      median: percentile(found, 0.5),
      slowest: Math.max(...found),
    }
  })
  progress('')
  const result: ShadowResult = {
    stages: STAGES,
    samplesPerStage: SAMPLES_PER_STAGE,
    runs: RUNS,
    ...alike,
    faults,
    microseconds: timeOfComparison(),
  }
  if (options.write) await writeSection('docs/shadow.md', 'bench:shadow', toMarkdown(result))
  emit(result, toMarkdown, options.json)
}

/** Copies on a running gate. */
async function live(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-shadow-'))
  try {
    const worker = join(folder, 'worker.js')
    await buildWorker({ outfile: worker })
    const how = { worker, turns: options.quick ? 2 : 12, seconds: 3 }
    const figures = await measureLive(how, progress)
    progress('')
    if (options.write) await writeSection('docs/shadow.md', 'bench:shadow-live', liveToMarkdown(figures))
    emit(figures, liveToMarkdown, options.json)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Whole stages of a version that is as control is; each is looked at after every sample. */
function stagesOfEquals(): { falseAlarms: number; passed: number; medianToPass: number } {
  let falseAlarms = 0
  const toPass: number[] = []
  for (let stage = 0; stage < STAGES; stage++) {
    progress(`a version against itself: stage ${stage + 1} of ${STAGES}`)
    const random = seeded('equal', stage)
    let state: ShadowState = NO_SHADOW
    let passedAt: number | undefined
    for (let n = 1; n <= SAMPLES_PER_STAGE; n++) {
      state = stepShadow(state, comparisonOf(random), SHADOW_DEFAULTS)
      const { kind } = shadowVerdict(state, SHADOW_DEFAULTS)
      if (kind === 'same') passedAt ??= n
      if (kind !== 'different') continue
      falseAlarms++
      break
    }
    if (passedAt !== undefined) toPass.push(passedAt)
  }
  return { falseAlarms, passed: toPass.length, medianToPass: percentile(toPass, 0.5) }
}

function samplesUntilFound(fault: ShopFault, random: Random): number {
  let state: ShadowState = NO_SHADOW
  const request = fault.isRare ? ({ method: 'GET', path: '/api/products' } as const) : undefined
  for (let n = 1; n <= MOST_SAMPLES; n++) {
    state = stepShadow(state, comparisonOf(random, fault, request), SHADOW_DEFAULTS)
    const verdict = shadowVerdict(state, SHADOW_DEFAULTS)
    const [route, field] = fault.at
    if (
      verdict.kind === 'different' &&
      verdict.findings.some((each) => each.route === route && each.field.includes(field))
    )
      return n
  }
  return Number.POSITIVE_INFINITY
}

/** Processor time of reading and comparing the three answers to a request, µs. */
function timeOfComparison(): number {
  const random = seeded('time', 1)
  const requests = Array.from({ length: 300 }, () => {
    const request = shopRequest(random)
    return { request, answers: [1, 2, 3].map(() => shopAnswer(request, random)) }
  })
  const compare = () => {
    for (const { request, answers } of requests) {
      const [first, canary, again] = answers.map((answer) => readAnswer(answer, RULES))
      if (first && canary && again)
        compareAnswers(routeTemplate(request.method, request.path), { first, canary, again })
    }
  }
  for (let n = 0; n < 5; n++) compare()
  const startedUs = process.cpuUsage().user
  for (let n = 0; n < 10; n++) compare()
  return (process.cpuUsage().user - startedUs) / (10 * requests.length)
}
