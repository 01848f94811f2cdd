/** Something that is asked for again and again; what was last known stays when asking fails. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { textOf } from './session.ts'

export type Polled<T> = {
  value: T | undefined
  /** Why the last attempt failed; undefined when it did not. */
  problem: string | undefined
  /** When `value` came. */
  atMs: number | undefined
  /** Asks now. */
  refresh(): void
}

const RETRY_MS = 2_000

/** Asks at once, then every so often while the page is visible. `ask` must stay the same between renders. */
export function usePolled<T>(ask: (signal: AbortSignal) => Promise<T>, everyMs: number): Polled<T> {
  const [state, setState] = useState<Omit<Polled<T>, 'refresh'>>(NOTHING)
  const now = useRef<() => void>(() => undefined)
  useEffect(() => {
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let asking = false
    const look = async () => {
      clearTimeout(timer)
      if (asking) return
      asking = true
      let waitMs = everyMs
      try {
        const value = await ask(abort.signal)
        if (!abort.signal.aborted) setState({ value, problem: undefined, atMs: Date.now() })
      } catch (error) {
        if (!abort.signal.aborted) setState((last) => ({ ...last, problem: textOf(error) }))
        waitMs = Math.min(everyMs, RETRY_MS)
      }
      asking = false
      if (!abort.signal.aborted && !document.hidden) timer = setTimeout(look, waitMs)
    }
    const onVisible = () => !document.hidden && void look()
    document.addEventListener('visibilitychange', onVisible)
    now.current = () => void look()
    setState(NOTHING)
    void look()
    return () => {
      abort.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [ask, everyMs])
  const refresh = useCallback(() => now.current(), [])
  return { ...state, refresh }
}

const NOTHING = { value: undefined, problem: undefined, atMs: undefined }
