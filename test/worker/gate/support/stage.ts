/** What the gate's steps are tried with: documents, requests and origins of a test. */
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import type { FlagTarget, Origin } from '../../../../src/core/config/compile/route-target.ts'
import { compileSnapshot, findTarget, type Snapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { GateRequest } from '../../../../src/gate/request/gate-request.ts'
import type { Env } from '../../../../src/platform/env.ts'

/** The test's present, ms since 1970. */
export const NOW_MS = 1_800_000_000_000

const variants = { on: true, off: false }
const origins = { on: 'new', off: 'old' }

/** A shop whose checkout is decided by a flag, in several ways. */
export const SHOP = {
  origins: {
    old: { url: 'http://old.test' },
    new: { url: 'http://new.test' },
    other: { url: 'http://other.test' },
  },
  routes: [
    { path: '/checkout/*', flag: 'checkout', origins },
    { path: '/half/*', flag: 'half', origins },
    { path: '/other/*', flag: 'elsewhere', origins: { on: 'other', off: 'other' } },
    { path: '/named', origin: 'other' },
    { path: '/*', origin: 'old' },
  ],
  flags: {
    checkout: { variants, off: 'off', rules: [{ serve: 'on' }] },
    half: { variants, off: 'off', rules: [{ percentage: 50, serve: 'on' }] },
    elsewhere: { variants, off: 'off', rules: [{ serve: 'on' }] },
  },
}

/** What documents say of cookies unless they say otherwise. */
export const COOKIES = { domain: undefined, areGiven: true }

export const environment = env as unknown as Env
/** A gate that takes visitors' word for who they are. */
export const unsigned: Env = { ...environment, SIGNING_KEY: '' }

export function snapshotOf(document: unknown): Snapshot {
  const parsed = parseDocumentValue(document)
  if (!parsed.ok) throw new Error(`Cannot stage: ${JSON.stringify(parsed.problems)}`)
  return compileSnapshot(parsed.value)
}

export function requestTo(
  url: string,
  init: RequestInit = {},
  { nowMs = NOW_MS, bindings = {} }: { nowMs?: number; bindings?: Partial<Env> } = {},
): GateRequest {
  return new GateRequest(new Request(url, init), { ...environment, ...bindings }, nowMs)
}

/** The target of a flag's route. */
export function flagTargetAt(snapshot: Snapshot, path: string): FlagTarget {
  const target = findTarget(snapshot, { host: 'shop.test', path, method: 'GET' })
  if (target.kind !== 'flag') throw new Error(`Cannot stage: ${path} has no flag`)
  return target
}

export function originAt(url: string, more: Partial<Origin> = {}): Origin {
  return {
    name: new URL(url).hostname,
    url,
    timeoutMs: 30_000,
    forwarded: false,
    rewrites: true,
    rewritesRequests: true,
    access: undefined,
    tag: '',
    ...more,
  }
}

/** What an origin was asked. */
export type Asked = { url: string; method: string; headers: Headers; body: string; init: RequestInit }

/** Answers in place of all origins; returns what they were asked, in order. */
export function stubOrigins(answer: (asked: Asked) => Response | Promise<Response>): Asked[] {
  const all: Asked[] = []
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init = {}) => {
    const request = input instanceof Request ? input : new Request(input as string, init as RequestInit)
    const asked = {
      url: request.url,
      method: request.method,
      headers: request.headers,
      body: request.body === null ? '' : await request.text(),
      init: init as RequestInit,
    }
    all.push(asked)
    return await answer(asked)
  })
  return all
}

/** A clock that stands still until the test moves it; timers go by it. */
export function stopClock(atMs = NOW_MS): void {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: atMs })
}

/** No flush waits shorter; what else waits does. */
const SHORTEST_FLUSH_WAIT_MS = 100
const realWait = scheduler.wait.bind(scheduler)

/**
 * Holds what flushes wait for until a test says that they are due; it then passes at once, and moves a clock that is
 * made up. `pass` resolves once the work that requests have left is done.
 */
export function holdFlushes(): { pass(work: Promise<unknown>[]): Promise<void> } {
  let isDue = false
  let waiting: (() => void)[] = []
  vi.spyOn(scheduler, 'wait').mockImplementation(async (ms) => {
    if (ms < SHORTEST_FLUSH_WAIT_MS) return await realWait(ms)
    if (!isDue) return await new Promise((resolve) => waiting.push(resolve))
    vi.setSystemTime(Date.now() + ms)
  })
  return {
    pass: async (work) => {
      isDue = true
      for (const go of waiting) go()
      waiting = []
      while (work.length > 0) await work.shift()
      isDue = false
    },
  }
}
