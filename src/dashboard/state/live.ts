/** The live status of the gate: streamed, polled where streaming fails, and always with its age. */
import { useEffect, useRef } from 'preact/hooks'
import type { AdminClient } from '../../contract/client.ts'
import { eventsOf } from '../../contract/event-stream.ts'
import type { Responses } from '../../contract/responses.ts'
import { createStore, useStore } from './store.ts'

export type Status = Responses['getStatus']

export type LiveState = {
  status: Status | undefined
  /** `lost` when neither streaming nor polling works. */
  by: 'starting' | 'stream' | 'polling' | 'lost'
  /** When the gate was last heard of, by this browser's clock. */
  heardAtMs: number
}

/** A healthy stream says something at least every 15 s. */
const SILENCE_MS = 20_000
/** It starts with the whole status; one that doesn't is held back by something in between. */
const FIRST_EVENT_MS = 5_000
const POLL_MS = 2_000
/** Until streaming is tried again: longer after each failure, which is likely to repeat. */
const STREAM_RETRY_MS = 10_000
const MAX_STREAM_RETRY_MS = 30_000

export const live = createStore<LiveState>({ status: undefined, by: 'starting', heardAtMs: Date.now() })

/** Keeps `live` up to date, with the details of one flag or of none, while the component is mounted. */
export function useLiveStatus(client: AdminClient, flag: string | undefined): void {
  const last = useRef(client)
  useEffect(() => {
    if (last.current !== client) live.set({ status: undefined, by: 'starting', heardAtMs: Date.now() })
    last.current = client
    const stop = new AbortController()
    void follow(client, flag ?? '', stop.signal)
    return () => stop.abort()
  }, [client, flag])
}

/** Whether all flags are killed at once; no single one can be opened then. */
export function useKills(): { all: boolean } {
  const { status } = useStore(live)
  const killed = [...(status?.kill.controller ?? []), ...(status?.kill.kv ?? [])]
  return { all: killed.includes('*') }
}

async function follow(client: AdminClient, flags: string, stop: AbortSignal): Promise<void> {
  let waitMs = STREAM_RETRY_MS
  while (!stop.aborted) {
    if (await stream(client, flags, stop)) waitMs = STREAM_RETRY_MS
    await poll(client, flags, stop, Date.now() + waitMs)
    waitMs = Math.min(waitMs * 2, MAX_STREAM_RETRY_MS)
  }
}

/** Resolves when the stream has ended or fallen silent, with whether it sent anything. */
async function stream(client: AdminClient, flags: string, stop: AbortSignal): Promise<boolean> {
  const end = new AbortController()
  const abort = () => end.abort()
  stop.addEventListener('abort', abort)
  let timer = setTimeout(abort, FIRST_EVENT_MS)
  let hasEvents = false
  // Where streaming has failed before, polling continues until it works.
  const polling = new AbortController()
  const hasFailedBefore = live.value.by === 'polling' || live.value.by === 'lost'
  if (hasFailedBefore) void poll(client, flags, AbortSignal.any([polling.signal, end.signal]))
  try {
    const response = await client.open('streamStatus', { query: { flags } }, end.signal)
    for await (const { event, data } of eventsOf(response)) {
      clearTimeout(timer)
      timer = setTimeout(abort, SILENCE_MS)
      if (stop.aborted) break
      hasEvents = true
      polling.abort()
      received('stream', event === 'status' ? (JSON.parse(data) as Status) : undefined)
    }
  } catch {
    // Polling follows, and tells whether the gate can be reached at all.
  } finally {
    clearTimeout(timer)
    polling.abort()
    stop.removeEventListener('abort', abort)
  }
  return hasEvents
}

async function poll(
  client: AdminClient,
  flags: string,
  stop: AbortSignal,
  untilMs = Number.POSITIVE_INFINITY,
): Promise<void> {
  while (!stop.aborted && Date.now() < untilMs) {
    await ask(client, flags, stop)
    await pause(POLL_MS, stop)
  }
}

async function ask(client: AdminClient, flags: string, stop: AbortSignal): Promise<void> {
  try {
    const status = await client.call('getStatus', { query: { flags } }, stop)
    if (!stop.aborted) received('polling', status)
  } catch {
    if (!stop.aborted) live.set({ ...live.value, by: 'lost' })
  }
}

function received(by: 'stream' | 'polling', status: Status | undefined): void {
  live.set({ status: status ?? live.value.status, by, heardAtMs: Date.now() })
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve()
    const timer = setTimeout(resolve, ms)
    stop.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
