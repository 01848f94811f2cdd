/** How a demo origin misbehaves, so that a gate in front of it has something to notice. */
export interface Behaviour {
  /** Share of requests answered with 500, from 0 to 1, spread evenly and always the same way. */
  errorRate: number
  /** Waits this long before each answer. */
  delayMs: number
  /** Takes the request and never answers. */
  hang: boolean
  /** Destroys the connection instead of answering; goes before `hang`. */
  reset: boolean
  /** Sends half of each body, then destroys the connection. */
  truncate: boolean
}

/** An origin that does its work. */
export const HEALTHY: Readonly<Behaviour> = {
  errorRate: 0,
  delayMs: 0,
  hang: false,
  reset: false,
  truncate: false,
}

/** Longest delay: a timer of Node holds 2^31 ms, and no one waits an hour for a shop. */
const LONGEST_DELAY_MS = 3_600_000

type Parsed = { ok: true; value: Partial<Behaviour> } | { ok: false; problems: string[] }

/** Checks an unknown value as changes to a behaviour. Problems name key, what was expected, what was found. */
export function parseBehaviour(input: unknown): Parsed {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { ok: false, problems: [`expected an object like {"errorRate":0.2}, got ${show(input)}`] }
  }
  const value: Partial<Behaviour> = {}
  const problems: string[] = []
  for (const [key, each] of Object.entries(input)) {
    if (key === 'errorRate' || key === 'delayMs') {
      const most = key === 'errorRate' ? 1 : LONGEST_DELAY_MS
      if (typeof each === 'number' && each >= 0 && each <= most) value[key] = each
      else problems.push(`${key}: expected a number from 0 to ${most}, got ${show(each)}`)
    } else if (key === 'hang' || key === 'reset' || key === 'truncate') {
      if (typeof each === 'boolean') value[key] = each
      else problems.push(`${key}: expected true or false, got ${show(each)}`)
    } else {
      problems.push(`${key}: unknown, expected one of ${Object.keys(HEALTHY).join(', ')}`)
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value }
}

/** The current behaviour of one origin, and which request is next to fail. */
export class BehaviourSwitch {
  #current: Behaviour = { ...HEALTHY }
  #requestsAtThisRate = 0

  get current(): Readonly<Behaviour> {
    return this.#current
  }

  /** Changes what is named and leaves the rest; a new error rate starts counting anew. */
  change(changes: Partial<Behaviour>): void {
    const before = this.#current
    this.#current = { ...before, ...changes }
    if (this.#current.errorRate !== before.errorRate) this.#requestsAtThisRate = 0
  }

  /**
   * Whether the next request fails. Of the first n requests floor(n × rate) do, whatever n is. Counting in
   * whole requests keeps ten times 0.1 from missing one by rounding.
   */
  nextFails(): boolean {
    const failuresAmong = (requests: number) => Math.floor(requests * this.#current.errorRate + 1e-9)
    this.#requestsAtThisRate += 1
    return failuresAmong(this.#requestsAtThisRate) > failuresAmong(this.#requestsAtThisRate - 1)
  }
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60)
}
