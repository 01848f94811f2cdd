/**
 * The gate's live picture: streamed; asked for again and again where streaming fails; and always with how old it is.
 */
import { useEffect, useRef } from 'preact/hooks'
import type { AdminClient } from '../contract/client.ts'
import { eventsOf } from '../contract/event-stream.ts'
import type { Responses } from '../contract/responses.ts'
import { createStore } from './store.ts'

export type Status = Responses['getStatus']

export type LiveState = {
  status: Status | undefined
  /** How it comes: `lost` when neither streaming nor asking works. */
  by: 'starting' | 'stream' | 'polling' | 'lost'
  /** When the gate was last heard of, by this browser's clock. */
  heardAtMs: number
}

/** A healthy stream says something at least every 15 s. */
const SILENCE_MS = 20_000
const POLL_MS = 2_000
/** While polling: how often streaming is tried again, in polls. */
const TRY_STREAM_EVERY = 5

export const live = createStore<LiveState>({ status: undefined, by: 'starting', heardAtMs: Date.now() })

/** Keeps `live` up to date, with the details of one flag or of none, as long as the component is there. */
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

async function follow(client: AdminClient, flags: string, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await stream(client, flags, stop)
    for (let poll = 0; poll < TRY_STREAM_EVERY && !stop.aborted; poll++) {
      await ask(client, flags, stop)
      await pause(POLL_MS, stop)
    }
  }
}

/** Resolves when the stream has ended or fallen silent. */
async function stream(client: AdminClient, flags: string, stop: AbortSignal): Promise<void> {
  const silence = new AbortController()
  const give = () => silence.abort()
  stop.addEventListener('abort', give)
  let timer = setTimeout(give, SILENCE_MS)
  try {
    const response = await client.open('streamStatus', { query: { flags } }, silence.signal)
    for await (const { event, data } of eventsOf(response)) {
      clearTimeout(timer)
      timer = setTimeout(give, SILENCE_MS)
      if (stop.aborted) return
      hear('stream', event === 'status' ? (JSON.parse(data) as Status) : undefined)
    }
  } catch {
    // What follows is polling, which says whether the gate is there at all.
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', give)
  }
}

async function ask(client: AdminClient, flags: string, stop: AbortSignal): Promise<void> {
  try {
    hear('polling', await client.call('getStatus', { query: { flags } }, stop))
  } catch {
    if (!stop.aborted) live.set({ ...live.value, by: 'lost' })
  }
}

function hear(by: 'stream' | 'polling', status: Status | undefined): void {
  live.set({ status: status ?? live.value.status, by, heardAtMs: Date.now() })
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    stop.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
