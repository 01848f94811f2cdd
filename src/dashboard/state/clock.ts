/** The time, for what grows old on the page. */
import { useEffect } from 'preact/hooks'
import { createStore, useStore } from './store.ts'

const now = createStore(Date.now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

/** The present second; the component renders again with each. */
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

/** "12 s", "5 min", "3 h", "9 d": as exact as people want it. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 100) return `${seconds} s`
  if (seconds < 5_400 && seconds !== 3_600) return `${Math.round(seconds / 60)} min`
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** m:ss, for what counts down. */
export function countdownText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000))
  if (seconds >= 3_600) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
