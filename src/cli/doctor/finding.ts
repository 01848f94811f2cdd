/** What `sluice doctor` finds. A fault stops something from working or from being safe; a warning may be meant so. */
import type { Call } from '../base/command.ts'
import type { Paint, Style } from '../base/terminal.ts'

export type Level = 'ok' | 'warning' | 'fault'
export type Finding = {
  level: Level
  /** "Node", "KV id", "origin new". */
  about: string
  text: string
  /** What to do about it. */
  fix?: string
}

/** What a look is given. `nowMs`: this machine's clock. */
export type Patient = { call: Call; folder: string; nodeVersion: string; nowMs: number }
export type Look = (patient: Patient) => Promise<Finding[]>

export const ok = (about: string, text: string): Finding => ({ level: 'ok', about, text })
export const warning = (about: string, text: string, fix: string): Finding => ({
  ...{ level: 'warning', about, text, fix },
})
export const fault = (about: string, text: string, fix: string): Finding => ({
  ...{ level: 'fault', about, text, fix },
})

const SIGNS: Readonly<Record<Level, readonly [sign: string, style: Style]>> = {
  ok: ['✔', 'green'],
  warning: ['!', 'yellow'],
  fault: ['✗', 'red'],
}

/** A finding as people read it, with what to do below. */
export function findingLine({ level, about, text, fix }: Finding, paint: Paint): string {
  const [sign, style] = SIGNS[level]
  return `${paint(style, sign)} ${about}: ${text}${fix ? `\n    ${fix}` : ''}`
}

/** Evidence, user agents and tokens are timed: more than this is a wrong clock, not a slow answer. */
const MOST_SKEW_MS = 30_000

/** Whether another machine's time agrees with this one's; undefined where it does. */
export function skewOf(about: string, theirsMs: number, nowMs: number): Finding | undefined {
  const skewMs = theirsMs - nowMs
  if (!Number.isFinite(skewMs) || Math.abs(skewMs) <= MOST_SKEW_MS) return undefined
  const seconds = Math.round(Math.abs(skewMs) / 1_000)
  const text = `its clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's`
  return fault(
    `clock of ${about}`,
    text,
    'synchronise both clocks (NTP): schedules, tokens and preview links go by them',
  )
}
