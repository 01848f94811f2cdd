/** The present time, for what ages on the page. */
import { useEffect } from 'preact/hooks'
import { createStore, useStore } from './store.ts'

const now = createStore(Date.now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

/** The present second, in ms since 1970; the component renders again with each. */
export function useNow(): number {
  useEffect(() => {
    users++
    timer ??= setInterval(() => now.set(Date.now()), 1_000)
    return () => {
      if (--users > 0) return
      clearInterval(timer)
      timer = undefined
    }
  }, [])
  return useStore(now)
}
