/**
 * `sluice/browser`, for pages: flags from the page's bootstrap or over OFREP, and reports of errors, timings and
 * feedback. Without dependencies, below 3 kB. The gate knows which variant a visitor is on; reports only name the flag.
 */

import { watchChanges } from './flag-changes.ts'
import { reloadWhenIdle, restoreInput } from './keep-input.ts'
import { createReports, type Reports, type TrackDetails } from './reports.ts'
import { watchErrors, watchVitals } from './watch.ts'

export type { TrackDetails } from './reports.ts'

/** A flag as the gate tells it. */
export type FlagState<Value = unknown> = { value: Value; variant: string; reason: string }

/** A flag that was closed while the page, which is of another variant than `off`, is open. */
export type Closed = {
  flag: string
  /** Loads the page anew once the visitor pauses, and puts back what they have typed. Returns how to give up. */
  reload(): () => void
}

/** Flag key → type of its value. */
export type FlagValues = Record<string, unknown>

export type SluiceOptions = {
  /** Where the gate is. Default: this site. */
  url?: string
  /** Whether to follow changes while the page is open. Default: no. */
  live?: boolean
  /** Whether to report uncaught errors and web vitals automatically. Default: yes. */
  automatic?: boolean
  /** Flags that these reports are about. Default: those that are being rolled out to a share of visitors. */
  watch?: readonly string[]
}

export type Sluice<Flags extends FlagValues = FlagValues> = {
  /** Resolves when flags are known: at once where the page brought them, otherwise when the gate has answered. */
  ready: Promise<void>
  /** The value of a flag; `defaultValue` until the flags are known, and where the gate has none. */
  value<Key extends keyof Flags & string>(flag: Key, defaultValue: Flags[Key]): Flags[Key]
  /** The variant of a flag; undefined until the flags are known, and for a flag that the gate doesn't have. */
  variant(flag: keyof Flags & string): string | undefined
  /** Calls `listener` after each change of a flag; returns the function that stops it. */
  onChange(listener: () => void): () => void
  /**
   * Calls `listener` when a rollback or a kill closes the version that this page is of, with `live: true` at once; returns the
   * function that stops it. `onClosed(({ reload }) => reload())` is all that most pages need.
   */
  onClosed(listener: (closed: Closed) => void): () => void
  /** Asks the gate for the flags again. */
  refresh(): Promise<void>
  /** Reports an error, which counts for the guard like one of the origin. */
  reportError(flag: keyof Flags & string, error?: unknown): void
  /** Runs `fn`, a promise included, and reports how many ms it took, or that it failed; its result passes through. */
  time<Result>(flag: keyof Flags & string, fn: () => Result): Result
  /** Sends what a visitor wrote. */
  feedback(flag: keyof Flags & string, text: string): void
  /**
   * Reports an event of a metric, such as `track('order', { value: 49.9, id: 'order-123' })`. It counts for this visitor's
   * variant in every flag that measures the metric. The same id counts once; without one, each call has its own.
   */
  track(metric: string, details?: TrackDetails): void
  /** Sends the reports that are left, and stops listening. */
  close(): void
}

type Answer = {
  flags: (FlagState & { key: string; metadata?: { sluiceReason?: string } })[]
  eventStreams: [{ endpoint: { requestUri: string } }]
}

/** When to ask again after a refusal that names no time. */
const FALLBACK_RETRY_SECONDS = 60

const BOOTSTRAP_ID = 'sluice-flags'

/**
 * Starts Sluice in a page. It never throws: where the gate can't be reached, flags have their default values.
 *
 * @param options where the gate is, whether to follow changes, what to report automatically
 * @returns the flags and the reports; `Flags` names the types of the flags' values
 * @example
 * import { createSluice } from 'sluice/browser'
 *
 * const sluice = createSluice<{ 'new-checkout': boolean; colour: string }>({ live: true })
 * await sluice.ready
 * document.body.classList.toggle('new', sluice.value('new-checkout', false))
 * sluice.onChange(() => location.reload())
 */
export function createSluice<Flags extends FlagValues = FlagValues>(
  options: SluiceOptions = {},
): Sluice<Flags> {
  const site = (options.url ?? '').replace(/\/$/, '')
  const base = `${site}/__sluice`
  const reports = createReports(`${base}/events`)
  const listeners = new Set<() => void>()
  const closing = new Set<(closed: Closed) => void>()
  const brought = bootstrapped()
  let flags = brought?.flags
  let stream = brought && `${base}/ofrep/v1/stream?since=${brought.revision}`
  let etag: string | undefined
  let asked = 0
  let answered = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function refresh(): Promise<void> {
    const turn = ++asked
    const response = await fetch(`${base}/ofrep/v1/evaluate/flags`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(etag && { 'if-none-match': etag }) },
      body: '{}',
    })
    if (response.status === 429) {
      clearTimeout(timer)
      timer = setTimeout(
        again,
        (Number(response.headers.get('retry-after')) || FALLBACK_RETRY_SECONDS) * 1_000,
      )
    }
    // Answers may overtake each other.
    if (!response.ok || turn < answered) return
    answered = turn
    etag = response.headers.get('etag') ?? undefined
    const { flags: list, eventStreams } = (await response.json()) as Answer
    stream ??= site + eventStreams[0].endpoint.requestUri
    const next: Record<string, FlagState> = {}
    const closed: string[] = []
    for (const { key, value, variant, reason, metadata } of list) {
      if (variant) next[key] = { value, variant, reason }
      const before = flags?.[key]?.variant
      if (before && before !== variant && /^(?:KILLED|ROLLED_BACK)$/.test(metadata?.sluiceReason ?? ''))
        closed.push(key)
    }
    const isNew = JSON.stringify(next) !== JSON.stringify(flags)
    flags = next
    if (isNew) for (const listener of listeners) listener()
    for (const flag of closed) for (const listener of closing) listener({ flag, reload: reloadWhenIdle })
  }

  restoreInput()
  const again = (): Promise<void> => refresh().catch(() => undefined)
  const ready = flags ? Promise.resolve() : again()
  const stops: (() => void)[] = [() => clearTimeout(timer)]
  if (options.live && typeof EventSource !== 'undefined') stops.push(watchChanges(ready, () => stream, again))
  if (options.automatic !== false && !reports.isSilent) {
    const ramped = () => Object.keys(flags ?? {}).filter((key) => flags?.[key]?.reason === 'SPLIT')
    stops.push(...reportByItself(reports, () => options.watch ?? ramped()))
  }

  return {
    ready,
    value: (flag, defaultValue) => (flags?.[flag]?.value ?? defaultValue) as Flags[typeof flag],
    variant: (flag) => flags?.[flag]?.variant,
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onClosed: (listener) => {
      closing.add(listener)
      return () => closing.delete(listener)
    },
    refresh: again,
    reportError: reports.error,
    time: (flag, fn) => timed(reports, flag, fn),
    feedback: reports.feedback,
    track: reports.track,
    close: () => {
      for (const stop of stops) stop()
      reports.close()
    },
  }
}

/** Uncaught errors and web vitals, for each of the flags that are watched at that moment. */
function reportByItself(reports: Reports, watched: () => readonly string[]): (() => void)[] {
  const each = (add: (flag: string) => void) => watched().forEach(add)
  return [
    watchErrors((error) => each((flag) => reports.error(flag, error))),
    watchVitals((vitals) => {
      for (const [name, value] of Object.entries(vitals)) each((flag) => reports.vital(flag, name, value))
      reports.send()
    }),
  ]
}

function timed<Result>(reports: Reports, flag: string, fn: () => Result): Result {
  const startMs = performance.now()
  const done = <Value>(value: Value) => {
    reports.timing(flag, performance.now() - startMs)
    return value
  }
  const failed = (error: unknown) => {
    reports.error(flag, error)
    throw error
  }
  try {
    const result = fn()
    return result instanceof Promise ? (result.then(done, failed) as Result) : done(result)
  } catch (error) {
    return failed(error)
  }
}

/** What the page brought along. */
function bootstrapped(): { flags: Record<string, FlagState>; revision: string } | undefined {
  const text = document.getElementById(BOOTSTRAP_ID)?.textContent
  try {
    return text ? JSON.parse(text) : undefined
  } catch {
    // Half a page: the gate is asked instead.
    return undefined
  }
}
