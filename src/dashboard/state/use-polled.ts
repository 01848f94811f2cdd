/** An answer of the gate that is kept up to date by polling; the last one stays while polling fails. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Answer, Call } from '../../contract/client.ts'
import type { OperationId } from '../../contract/routes.ts'
import { textOf, useSession } from './session.ts'

export type Polled<T> = {
  value: T | undefined
  /** Why the last attempt failed; undefined when it did not. */
  problem: string | undefined
  /** When `value` came. */
  atMs: number | undefined
  /** Polls now. */
  refresh(): void
}

const RETRY_MS = 2_000
const NOTHING = { value: undefined, problem: undefined, atMs: undefined }

/** Calls an operation at once, then every `everyMs` while the page is visible. */
export function usePolled<Id extends OperationId>(
  id: Id,
  call: Call<Id>,
  everyMs: number,
): Polled<Answer<Id>> {
  const { client } = useSession()
  const [state, setState] = useState<Omit<Polled<Answer<Id>>, 'refresh'>>(NOTHING)
  const now = useRef<() => void>(() => undefined)
  const written = JSON.stringify(call)
  useEffect(() => {
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let isCalling = false
    const poll = async () => {
      clearTimeout(timer)
      if (isCalling) return
      isCalling = true
      let waitMs = everyMs
      try {
        const value: Answer<Id> = await client.call(id, call, abort.signal)
        if (!abort.signal.aborted) setState({ value, problem: undefined, atMs: Date.now() })
      } catch (error) {
        if (!abort.signal.aborted) setState((last) => ({ ...last, problem: textOf(error) }))
        waitMs = Math.min(everyMs, RETRY_MS)
      }
      isCalling = false
      if (!abort.signal.aborted && !document.hidden) timer = setTimeout(poll, waitMs)
    }
    const onVisible = () => !document.hidden && void poll()
    document.addEventListener('visibilitychange', onVisible)
    now.current = () => void poll()
    setState(NOTHING)
    void poll()
    return () => {
      abort.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [client, id, written, everyMs])
  const refresh = useCallback(() => now.current(), [])
  return { ...state, refresh }
}
