/** What stands behind a record of the audit log, in words: the state before and after, and the guard's figures. */
import { durationText, percentText, rateText } from '../../core/figures.ts'
import { isObject, type JsonObject } from '../../core/json-object.ts'
import type { AuditRecord } from './audit.ts'
import { stageText } from './flag-state.ts'

/** Of a figure: its name, and its value with its unit. */
type Figure = readonly [name: string, value: string]

/** "attempt 1 → 2", "stage 1 → 2", "killed", "no longer paused": what a command has changed of a flag's state. */
export function stateLines({ before, after }: Pick<AuditRecord, 'before' | 'after'>): string[] {
  if (!isObject(before) && !isObject(after)) return []
  const [was, is] = [before, after].map((state) => (isObject(state) ? state : {})) as [JsonObject, JsonObject]
  return [
    ...moved('version', was.version, is.version, String),
    ...moved('attempt', was.generation, is.generation, String),
    ...moved('', was.stage, is.stage, (stage) => stageText(Number(stage))),
    ...moved('', was.percentage, is.percentage, (percent) => percentText(Number(percent))),
    ...OCCASIONS.flatMap(([key, words]) => turned(words, was[key], is[key])),
  ]
}

const OCCASIONS = [
  ['killed', 'killed'],
  ['rolledBack', 'rolled back'],
  ['paused', 'paused'],
  ['frozen', 'frozen'],
  ['approved', 'approved'],
  ['finished', 'finished'],
  ['unconfirmed', 'waiting for a person’s word'],
] as const

function moved(name: string, was: unknown, is: unknown, textOf: (value: unknown) => string): string[] {
  if (was === undefined || is === undefined || was === is) return []
  return [`${name} ${textOf(was)} → ${textOf(is)}`.trim()]
}

function turned(words: string, was: unknown, is: unknown): string[] {
  if (Boolean(was) === Boolean(is)) return []
  return [is ? words : `no longer ${words}`]
}

const FIGURES: readonly (readonly [key: string, name: string, textOf: (value: number) => string])[] = [
  ['canaryRequests', 'Requests of the canary', countOf],
  ['canaryErrors', 'Errors of the canary', countOf],
  ['canaryErrorRate', 'Error rate of the canary, last minute', rateText],
  ['controlRequests', 'Requests of control', countOf],
  ['controlErrors', 'Errors of control', countOf],
  ['controlErrorRate', 'Error rate of control, last minute', rateText],
  ['canaryClientErrorRate', 'Turned away by the canary, last minute', rateText],
  ['controlClientErrorRate', 'Turned away by control, last minute', rateText],
  ['errorWealth', 'Evidence by errors (1: none)', strengthOf],
  ['latencyWealth', 'Evidence by latency (1: none)', strengthOf],
  ['clientErrorWealth', 'Evidence by visitors turned away (1: none)', strengthOf],
  ['pValue', 'Chance of this with a healthy canary (p)', strengthOf],
  ['erroredBuckets', 'Visitors with errors, as far as they count', countOf],
  ['stageElapsedMs', 'Time at the stage', durationText],
]

/** The guard's figures at that moment, as people read them. */
export function figureLines(evidence: unknown): Figure[] {
  if (!isObject(evidence)) return []
  return FIGURES.flatMap(([key, name, textOf]): Figure[] => {
    const value = evidence[key]
    return typeof value === 'number' ? [[name, textOf(value)]] : []
  })
}

function countOf(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function strengthOf(value: number): string {
  return value >= 1_000 ? countOf(value) : String(Number(value.toPrecision(2)))
}
