/**
 * From what the guard has counted to the relative difference of each metric, with its always-valid band and the line at
 * which the guard acts. Pure; core/guard/evidence/band.ts has the formula and its source.
 */
import { type RatioBand, ratioBands } from '../../../core/guard/evidence/band.ts'
import { addCounts, type Counts, NO_COUNTS } from '../../../core/guard/evidence/formula.ts'
import { SLOW_BETS } from '../../../core/guard/evidence/latency.ts'
import type { Bet } from '../../../core/guard/evidence/wealth.ts'
import { CLIENT_ERROR_BETS } from '../../../core/guard/tests/client-errors.ts'
import { ERROR_BETS } from '../../../core/guard/tests/rollback.ts'
import type { Series, SeriesPoint } from '../../state/series.ts'

/** `unproven`: the band reaches over the line. */
export type Standing = 'within' | 'unproven' | 'beyond' | 'too-little'

export type Tile = {
  title: string
  /** What is compared, in a sentence. */
  about: string
  /** Seconds since 1970, one for each band. */
  times: readonly number[]
  bands: readonly RatioBand[]
  /** The ratio at which the guard acts, at each time; null where it is off, or control has no rate to multiply. */
  lines: readonly (number | null)[]
  standing: Standing
}

export type SlowQuantile = 0 | 1 | 2

/** More are added up in pairs, fours …: the page has no more columns. */
const MOST_BATCHES = 150
const SLOWER_THAN = ['median', '95th percentile', '99th percentile'] as const

type Batch = { at: number; stage: number; counts: Counts }
type Test = { bets: readonly Bet[]; level: number; lineOf: (sum: Counts) => number | null }

/** The metrics of the present attempt; none without a guard. `slow`: the quantile of control that "slow" refers to. */
export function tilesOf({ points, lines, rollbackWealth }: Series, slow: SlowQuantile): Tile[] {
  if (lines === null || rollbackWealth === null) return []
  const attempt = points.filter(({ generation }) => generation === points.at(-1)?.generation)
  const judged = (pick: (judged: NonNullable<SeriesPoint['judged']>) => Counts | undefined) =>
    batchesOf(attempt, (point) => (point.judged ? pick(point.judged) : undefined))
  const tiles: Tile[] = []
  const { errors, latency, clientErrors, journeys } = lines
  if (errors) {
    const failures = tile(
      'Errors',
      'visitors with failed requests',
      judged((each) => each.errors),
      testOf(errors, ERROR_BETS),
    )
    tiles.push(sharesErrors(attempt) ? asCounted(failures, attempt) : failures)
  }
  if (latency) {
    const about = `requests slower than control’s ${SLOWER_THAN[slow]}`
    tiles.push(
      tile(
        'Slow requests',
        about,
        judged((each) => each.slow[slow]),
        testOf(latency, SLOW_BETS),
      ),
    )
  }
  if (clientErrors) {
    const about = 'visitors who get 4xx, or are sent back to the same page'
    const test = testOf(clientErrors, CLIENT_ERROR_BETS)
    tiles.push(
      tile(
        'Turned away',
        about,
        judged((each) => each.clientErrors),
        test,
      ),
    )
  }
  if (
    watchesJourneys(lines) &&
    attempt.some(({ canary, control }) => canary.journeys + control.journeys > 0)
  ) {
    const test = { bets: ERROR_BETS, level: rollbackWealth / JOURNEYS_SHARE, lineOf: () => journeys }
    tiles.push(
      lowerIsWorse(tile('Journeys', 'pages that a visitor asks for and gets', journeysOf(attempt), test)),
    )
  }
  return tiles
}

/** From this part of the canary's errors on, what the test leaves out is a difference to control by itself. */
const SHARED = 0.05

function sharesErrors(attempt: readonly SeriesPoint[]): boolean {
  const sum = (of: 'errors' | 'sharedErrors') => attempt.reduce((all, { canary }) => all + canary[of], 0)
  return sum('sharedErrors') > SHARED * sum('errors')
}

/**
 * Where both origins fail the same requests: the test leaves out the canary's shared errors, but not those of control
 * about which the canary was not asked. So its lower edge is too low at most, its upper one bounds nothing, and the
 * difference is that of the plain counts.
 */
function asCounted(tile: Tile, attempt: readonly SeriesPoint[]): Tile {
  const sums = new Map<SeriesPoint, Counts>()
  let sum = NO_COUNTS
  for (const point of attempt) {
    const { canary, control } = point
    const [canaryN, controlN] = [canary.requests, control.requests]
    sum = addCounts(sum, { canaryN, controlN, canaryBad: canary.errors, controlBad: control.errors })
    sums.set(point, sum)
  }
  const plain = fewer(batchesOf(attempt, (point) => (point.judged ? sums.get(point) : undefined)))
  const estimates = ratioBands(
    plain.map(({ counts }) => counts),
    ERROR_BETS,
    1,
  )
  const bands = tile.bands.map(({ low }, at) => ({
    estimate: estimates[at]?.estimate ?? null,
    low,
    high: null,
  }))
  const about = 'failed requests; both origins fail some of them, and the guard compares the others'
  return { ...tile, about, bands, standing: standingOf(bands.at(-1), tile.lines.at(-1)) }
}

/** Without `traffic` no line is drawn for them, and nothing is decided by them. */
function watchesJourneys(lines: Series['lines']): boolean {
  return lines !== null && lines.journeys !== null
}

/** As `traffic` in core/guard/evidence/alpha.ts. */
const JOURNEYS_SHARE = 0.015

function testOf(
  { rho, delta, level }: { rho: number; delta: number; level: number },
  bets: readonly Bet[],
): Test {
  // The margin `delta` is a rate: as a ratio it depends on control's. Half a bad one more keeps it finite at first.
  return { bets, level, lineOf: ({ controlN, controlBad }) => rho + (delta * controlN) / (controlBad + 0.5) }
}

function tile(title: string, about: string, batches: readonly Batch[], { bets, level, lineOf }: Test): Tile {
  const merged = fewer(batches)
  const bands = ratioBands(
    merged.map(({ counts }) => counts),
    bets,
    level,
  )
  let sum = NO_COUNTS
  const lines = merged.map(({ counts }) => {
    sum = addCounts(sum, counts)
    return sum.controlN > 0 ? lineOf(sum) : null
  })
  const times = merged.map(({ at }) => at)
  return { title, about, times, bands, lines, standing: standingOf(bands.at(-1), lines.at(-1)) }
}

function standingOf(band: RatioBand | undefined, line: number | null | undefined): Standing {
  if (band === undefined || (band.low === null && band.high === null)) return 'too-little'
  if (line === null || line === undefined) return 'unproven'
  if (band.low !== null && band.low > line) return 'beyond'
  return band.high !== null && band.high < line ? 'within' : 'unproven'
}

/** For journeys more is better: the canary is beyond the line where the whole band is below it. */
function lowerIsWorse(tile: Tile): Tile {
  const opposite = { within: 'beyond', beyond: 'within' } as const
  const { standing } = tile
  return { ...tile, standing: standing === 'within' || standing === 'beyond' ? opposite[standing] : standing }
}

/** What each point adds to sums that run from the attempt's start. Where a stage begins, shares are mixed: left out. */
function batchesOf(
  points: readonly SeriesPoint[],
  sumAt: (point: SeriesPoint) => Counts | undefined,
): Batch[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1]
    const [now, then] = [sumAt(point), before && sumAt(before)]
    if (now === undefined || then === undefined || before?.stage !== point.stage) return []
    const counts = {
      canaryN: Math.max(0, now.canaryN - then.canaryN),
      controlN: Math.max(0, now.controlN - then.controlN),
      canaryBad: Math.max(0, now.canaryBad - then.canaryBad),
      controlBad: Math.max(0, now.controlBad - then.controlBad),
    }
    return [{ at: Date.parse(point.at) / 1_000, stage: point.stage, counts }]
  })
}

/** Journeys by the arms' shares of visitors: what would be alike if both completed as many. */
function journeysOf(points: readonly SeriesPoint[]): Batch[] {
  return points.flatMap(({ at, stage, percentage, canary, control }) =>
    percentage === null || percentage <= 0 || percentage >= 100
      ? []
      : [
          {
            ...{ at: Date.parse(at) / 1_000, stage },
            counts: {
              ...{ canaryN: percentage, controlN: 100 - percentage },
              ...{ canaryBad: canary.journeys, controlBad: control.journeys },
            },
          },
        ],
  )
}

/** About MOST_BATCHES, neighbours of one stage added up. */
function fewer(batches: readonly Batch[]): Batch[] {
  const size = Math.ceil(batches.length / MOST_BATCHES)
  const merged: Batch[] = []
  let added = 0
  for (const batch of batches) {
    const last = merged.at(-1)
    if (last?.stage === batch.stage && added < size) {
      merged[merged.length - 1] = { ...batch, counts: addCounts(last.counts, batch.counts) }
      added++
    } else {
      merged.push(batch)
      added = 1
    }
  }
  return merged
}

/** How often the bands hold at the least, 0–1: both sides of the test with the lowest level may fail. */
export function coverageOf({ lines, rollbackWealth }: Pick<Series, 'lines' | 'rollbackWealth'>): number {
  const levels = [lines?.errors, lines?.latency, lines?.clientErrors].flatMap((line) =>
    line ? [line.level] : [],
  )
  if (watchesJourneys(lines) && rollbackWealth !== null) levels.push(rollbackWealth / JOURNEYS_SHARE)
  return Math.max(0, 1 - 2 / Math.min(...levels))
}

/** A ratio as people say it: 1.4 → "+40 %", 0.5 → "−50 %", 12 → "× 12". */
export function differenceText(ratio: number | null): string {
  if (ratio === null) return '–'
  if (ratio >= 10) return `× ${Math.round(ratio)}`
  const percent = Math.round((ratio - 1) * 100)
  return percent === 0 ? '0 %' : percent > 0 ? `+${percent} %` : `−${-percent} %`
}
