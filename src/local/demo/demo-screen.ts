/** What the demo shows: a timeline, and on a terminal the traffic of the moment below it. */
import { styleText } from 'node:util'
import type { Traffic } from './traffic.ts'

const BAR = 24
const HISTORY = 32
const HISTORY_STEP_MS = 500
const LEVELS = '▁▂▃▄▅▆▇█'
const INDENT = ' '.repeat(11)
const CLEAR_LINE = '\r\x1b[K'

export class Screen {
  readonly #startedMs = Date.now()
  readonly #live = process.stdout.isTTY === true
  readonly #shares: number[] = []
  #nextShareMs = 0

  /** Something that happened, with the time since the beginning. */
  event(mark: string, text: string): void {
    const seconds = ((Date.now() - this.#startedMs) / 1_000).toFixed(1).padStart(6)
    this.#print(`${styleText('dim', `${seconds} s`)}  ${mark} ${text}`)
  }

  /** A remark on the event before. */
  detail(text: string): void {
    this.#print(`${INDENT} ${styleText('dim', text)}`)
  }

  /** A line on its own. */
  line(text: string): void {
    this.#print(text)
  }

  /** The share of the new shop in the last second, and how it went before; on a terminal only. */
  traffic(traffic: Traffic): void {
    if (!this.#live) return
    const { answers, share, seenErrors } = traffic.since(Date.now() - 1_000)
    if (Date.now() >= this.#nextShareMs) {
      this.#nextShareMs = Date.now() + HISTORY_STEP_MS
      this.#shares.push(share)
    }
    const bar = '█'.repeat(Math.round(share * BAR)).padEnd(BAR, '░')
    const history = this.#shares.slice(-HISTORY).map(levelOf).join('')
    const percent = `${(share * 100).toFixed(0).padStart(3)} %`
    const errors = seenErrors > 0 ? styleText('red', `  ${seenErrors} errors`) : ''
    process.stdout.write(
      `${CLEAR_LINE}${INDENT} new shop ${styleText('cyan', bar)} ${percent}  ${styleText('cyan', history)}  ${answers}/s${errors}`,
    )
  }

  #print(text: string): void {
    if (this.#live) process.stdout.write(CLEAR_LINE)
    console.log(text)
  }
}

function levelOf(share: number): string {
  return LEVELS[Math.min(LEVELS.length - 1, Math.ceil(share * (LEVELS.length - 1)))] ?? ''
}
