/** What may import what, and what core may not touch: the data of `check-architecture`. */

/** What the files of one area may import. */
export interface AreaRules {
  /** Areas whose files it may import in any way. */
  readonly values: readonly string[]
  /** Areas of which it may import types only. */
  readonly types?: readonly string[]
  /** npm packages it may import; any, unless given. */
  readonly packages?: readonly string[]
  /** Schemes of built-in modules it may import. */
  readonly builtins?: readonly ('node' | 'cloudflare')[]
}

const PARTS = ['core', 'platform', 'contract', 'gate', 'durable', 'api', 'dashboard']
const PURE_PACKAGES = ['valibot', 'semver', 'ipaddr.js', 'isbot']

/** Areas are the folders of src, and those of src/sdk; `index` is the composition root. */
export const AREAS: Readonly<Record<string, AreaRules>> = {
  core: { values: ['core'], packages: PURE_PACKAGES },
  platform: { values: ['platform', 'core', 'config'], packages: [] },
  contract: { values: ['contract', 'core'] },
  gate: { values: ['gate', 'core', 'platform'], builtins: ['cloudflare'] },
  durable: { values: ['durable', 'core', 'platform'], builtins: ['cloudflare'] },
  api: { values: ['api', 'gate', 'contract', 'core', 'platform', 'config'], types: ['durable'] },
  'sdk/hono': { values: ['sdk/hono', 'api', 'gate', 'durable', 'core', 'platform'], packages: ['hono'] },
  'sdk/browser': { values: ['sdk/browser'], packages: [] },
  'sdk/server': { values: ['sdk/server'], packages: [] },
  'sdk/openfeature': { values: ['sdk/openfeature', 'sdk/server'], packages: ['@openfeature/server-sdk'] },
  dashboard: { values: ['dashboard', 'contract', 'core'] },
  local: { values: ['local', 'core', 'platform', 'config', 'examples'], builtins: ['node'] },
  interop: { values: ['interop', 'core'], packages: ['valibot'] },
  cli: { values: ['cli', 'interop', 'contract', 'core', 'local', 'platform', 'config'], builtins: ['node'] },
  index: { values: [...PARTS, 'config'], builtins: ['cloudflare'] },
}

/** A folder of core imports itself and folders to its left; files directly in core stand left of all. */
export const CORE_ORDER = [
  'limits',
  'context',
  'flags',
  'config',
  'decision',
  'outcome',
  'counters',
  'guard',
  'rollout',
]

/** Why something is not allowed, and what to do. */
export interface Reason {
  readonly why: string
  readonly fix: string
}
const CLOCK: Reason = { why: 'core has no clock', fix: 'take the time as an argument (`nowMs`)' }
const CHANCE: Reason = { why: 'core has no randomness', fix: 'take the random value as an argument' }
const TIMERS: Reason = {
  why: 'core does not wait',
  fix: 'return what is to happen and when, let the caller wait',
}
const IO: Reason = { why: 'core does no I/O', fix: 'return plain data, do it in edge, durable or index.ts' }
const REFLECTION: Reason = {
  why: 'it reaches every global',
  fix: 'name what is needed, or take it as an argument',
}
const CODE: Reason = { why: 'Workers refuse code made from strings', fix: 'write the function out' }
/** For what happens at the moment of loading. */
export const LOADING: Reason = {
  why: 'core does not wait or look around while it loads',
  fix: 'pass it in as an argument',
}

/** Globals that core may not name at all. */
export const FORBIDDEN_GLOBALS: Readonly<Record<string, Reason>> = {
  performance: CLOCK,
  crypto: CHANCE,
  setTimeout: TIMERS,
  setInterval: TIMERS,
  setImmediate: TIMERS,
  queueMicrotask: TIMERS,
  scheduler: TIMERS,
  Atomics: TIMERS,
  fetch: IO,
  WebSocket: IO,
  EventSource: IO,
  XMLHttpRequest: IO,
  caches: IO,
  navigator: IO,
  console: IO,
  process: IO,
  require: IO,
  globalThis: REFLECTION,
  self: REFLECTION,
  global: REFLECTION,
  window: REFLECTION,
  eval: CODE,
  Function: CODE,
}

/** Globals of which some members are fine, as long as the member is named on the spot. */
export const PARTLY_FORBIDDEN: Readonly<Record<string, Reason & { allows: (member: string) => boolean }>> = {
  Date: { ...CLOCK, allows: (member) => member === 'parse' || member === 'UTC' },
  Math: { ...CHANCE, allows: (member) => member !== 'random' },
  Intl: { ...CLOCK, allows: (member) => member !== 'DateTimeFormat' },
  Temporal: { ...CLOCK, allows: (member) => member !== 'Now' },
}
