/**
 * What is to be expected of the hours to come, and how much of a fall is no more than the site's own ups and downs. All
 * of it is learned from hours that are over.
 */
import {
  countAt,
  type Hours,
  hoursToLearn,
  LEAST_WEEKS,
  middleOf,
  usualAt,
  usualOfOthers,
  WEEK_HOURS,
  weeksKnown,
} from './hours.ts'

export type Basis = {
  /** The first hour that it is for. */
  hour: number
  weeks: number
  /** By how much the hours just before were above their usual, as a factor: a quieter week is no fall. */
  level: number
  /** Journeys that come and stay away together: variance / mean. */
  dispersion: number
  /** What the test takes for the site's own ups and downs: a fall up to this share is none. */
  margin: number
  /** The least fall that acts: the limit, or what can be told from a usual day at all. */
  leastFall: number
  /** The limit that it was made for, a share (0–1). */
  limit: number
}

/** Why there is none yet. */
export type NoBasis =
  | { kind: 'history'; hoursToGo: number }
  | { kind: 'few'; perHour: number; neededPerHour: number }
  | { kind: 'uneven'; daySd: number }

/** Groups of visitors in the days that the level comes from: it is right to about a tenth. */
const LEVEL_CLUSTERS = 100
/** Days before that the level may come from. */
const LEVEL_DAYS = [1, 3, 7]
/** The days before may be so far above the last week: beyond it was a crowd that is gone. */
const MOST_ABOVE_WEEK = 1.1
/** One day in a thousand is further below its usual than so many standard deviations. */
const USUAL_SDS = 3
/** What is expected is an estimate itself. */
const ACTING_SHARE = 0.95
/** Beyond the usual by so much, a fall is one. */
const BEYOND_USUAL = 1.2
const MOST_FALL = 0.95

/**
 * The basis for the hours from `hours.until` on, or why there is none.
 *
 * @param limit the fall that acts, a share (0–1)
 */
export function basisOf(hours: Hours, limit: number): Basis | NoBasis {
  const weeks = weeksKnown(hours)
  if (weeks < LEAST_WEEKS) return { kind: 'history', hoursToGo: hoursToLearn(hours) }
  const noise = noiseOf(hours)
  const { dispersion, daySd } = noise
  const level = levelOf(hours, weeks, noise)
  if (typeof level !== 'number') return level
  const margin = Math.max(limit / 2, USUAL_SDS * daySd)
  const leastFall = Math.max(ACTING_SHARE * limit, BEYOND_USUAL * margin)
  if (leastFall > MOST_FALL) return { kind: 'uneven', daySd }
  return { hour: hours.until, weeks, level, dispersion, margin, leastFall, limit }
}

type Sums = { journeys: number; usual: number }

/** Sums of the last `count` hours before `until`, with an own idea of the usual. */
function sumsOf(hours: Hours, from: number, to: number, usualOf: (hour: number) => number | null): Sums {
  const sums = { journeys: 0, usual: 0 }
  for (let hour = from; hour < to; hour++) {
    const [journeys, usual] = [countAt(hours, hour), usualOf(hour)]
    if (journeys === null || usual === null) continue
    sums.journeys += journeys
    sums.usual += usual
  }
  return sums
}

function levelOf(hours: Hours, weeks: number, { dispersion, daySd, levelDays }: Noise): number | NoBasis {
  const ofLast = (days: number, atLeast: number) =>
    sumsOf(hours, hours.until - 24 * days, hours.until, (hour) => usualAt(hours, hour, weeks, atLeast))
  const enough = LEVEL_CLUSTERS * dispersion
  const found = LEVEL_DAYS.filter((days) => days >= levelDays)
    .map((days) => ofLast(days, weeks))
    .find(({ usual }) => usual >= enough)
  if (found === undefined || found.journeys === 0)
    return { kind: 'few', perHour: ofLast(7, 1).usual / WEEK_HOURS, neededPerHour: enough / WEEK_HOURS }
  const level = Math.min(levelBy(found), MOST_ABOVE_WEEK * middleDay(hours, weeks))
  const lastDay = ofLast(1, weeks)
  const isQuieter = levelBy(lastDay) < level * (1 - quieterBy({ daySd, dispersion }, lastDay))
  return isQuieter ? levelBy(lastDay) : level
}

/** The level of the middle one of the last seven days; of their hours fewer weeks may be known. */
function middleDay(hours: Hours, weeks: number): number {
  const levels = Array.from({ length: 7 }, (_, back) => {
    const to = hours.until - 24 * back
    return levelBy(sumsOf(hours, to - 24, to, (hour) => usualAt(hours, hour, weeks, 1)))
  })
  return middleOf(levels.filter((level) => level > 0))
}

const levelBy = ({ journeys, usual }: Sums) => (usual > 0 ? journeys / usual : 0)

/** By how much a day is below the days before it where that is more than its ups and downs: a quieter week has begun. */
function quieterBy({ daySd, dispersion }: Pick<Noise, 'daySd' | 'dispersion'>, { usual }: Sums): number {
  return QUIETER_SDS * Math.sqrt(daySd ** 2 + dispersion / usual)
}

const QUIETER_SDS = 2

export type Noise = {
  /** Of single hours around their day's level: variance / mean. */
  dispersion: number
  /** How far a day is from what the days before it let expect: standard deviation, as a share. */
  daySd: number
  /** So many days before tell most of a day: few where a site changes its level, many where single days are odd. */
  levelDays: number
}

/**
 * The noise of a site, from its last four weeks; each hour's usual is that of the other weeks. The strangest days and
 * hours are left out: a holiday in the weeks before must not make the guard blind, which is why it doesn't know holidays.
 */
export function noiseOf(hours: Hours): Noise {
  const days = daysOf(hours)
  const spreads = days.flatMap(spreadsOf)
  const dispersion = Math.max(1, meanOfMost(spreads, Math.ceil(spreads.length / 20)))
  const found = LEVEL_DAYS.map((levelDays) => ({
    levelDays,
    daySd: Math.sqrt(varianceBy(days, levelDays, dispersion)),
  }))
  const { daySd, levelDays } = found.reduce((best, each) => (each.daySd < best.daySd ? each : best))
  return { dispersion, daySd, levelDays }
}

/** Variance of days around the mean of the days before them, without what counts of groups vary by themselves; 0–1. */
function varianceBy(days: readonly Day[], levelDays: number, dispersion: number): number {
  const steps: number[] = []
  const counted: number[] = []
  for (const [index, { ratio, journeys }] of days.entries()) {
    const before = days.slice(index + 1, index + 1 + levelDays)
    const [usual, had] = [total(before, ({ usual }) => usual), total(before, ({ journeys }) => journeys)]
    if (before.length < levelDays || ratio <= 0 || had <= 0) continue
    steps.push(Math.log((ratio * usual) / had) ** 2)
    counted.push(1 / journeys + 1 / had)
  }
  if (steps.length <= ODD_DAYS) return 1
  const byCount = dispersion * meanOfMost(counted, 0) * (1 + 1 / LEAST_WEEKS)
  const variance = (1 + LEFT_OUT / steps.length) * meanOfMost(steps, ODD_DAYS) - byCount
  return Math.min(1, Math.max(0, variance) * (1 + UNSURE / Math.sqrt(steps.length)) ** 2)
}

function total<T>(list: readonly T[], of: (each: T) => number): number {
  return list.reduce((sum, each) => sum + of(each), 0)
}

/** A day off is two steps. Of n normal ones the mean of squares without the two largest is about 1/(1 + 10/n). */
const ODD_DAYS = 2
const LEFT_OUT = 10
/** A standard deviation of few days may be larger than it looks: this is one that nine of ten are below. */
const UNSURE = 1

/** Mean without the `left` largest; 0 of nothing. */
function meanOfMost(values: readonly number[], left: number): number {
  const kept = values.toSorted((a, b) => a - b).slice(0, Math.max(0, values.length - left))
  return kept.length === 0 ? 0 : kept.reduce((sum, each) => sum + each, 0) / kept.length
}

type Day = Sums & { ratio: number; hours: readonly Sums[] }

/** The days of the last four weeks, newest first, each as a ratio to its usual. */
function daysOf(hours: Hours): Day[] {
  const days: Day[] = []
  for (let back = 1; back * 24 <= Math.min(hours.values.length, 4 * WEEK_HOURS); back++) {
    const ofDay: Sums[] = []
    for (let hour = hours.until - back * 24; hour < hours.until - back * 24 + 24; hour++) {
      const [journeys, usual] = [countAt(hours, hour), usualOfOthers(hours, hour)]
      if (journeys !== null && usual !== null) ofDay.push({ journeys, usual })
    }
    const sums = {
      journeys: total(ofDay, (each) => each.journeys),
      usual: total(ofDay, (each) => each.usual),
    }
    days.push({ ...sums, ratio: levelBy(sums), hours: ofDay })
  }
  return days
}

/** Of each hour of a day: squared distance from what the day's level lets expect, as a share of that. */
function spreadsOf({ hours, ratio }: Day): number[] {
  return hours.flatMap(({ journeys, usual }) => {
    const expected = ratio * usual
    return expected > 0 ? [(journeys - expected) ** 2 / expected] : []
  })
}
