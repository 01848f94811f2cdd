/** The rooms of the repository and what each may import: the data of `check-architecture` and of ARCHITECTURE's table. */

export interface Room {
  readonly holds: string
  /** Rooms above this one in the table; `src` allows every room of src but the composition root. */
  readonly imports: readonly string[]
  /** Rooms of which it may import types only. */
  readonly types?: readonly string[]
  /** Subfolders in order: each may import itself and those before it. Files beside them come first. */
  readonly order?: readonly string[]
  /** npm packages it may import; any, unless given. */
  readonly packages?: readonly string[]
  /** Schemes of built-in modules it may import. */
  readonly builtins?: readonly ('node' | 'cloudflare')[]
}

/** Rooms by folder, lowest first. The longest folder that a file lies in is its room. */
export const ROOMS: Readonly<Record<string, Room>> = {
  config: { holds: 'the example document, the generated JSON Schema and OpenAPI description', imports: [] },
  examples: {
    holds:
      'the two demo shops; a Node server, a Hono Worker and a React page with flags; a gate on one machine',
    imports: [],
    builtins: ['node', 'cloudflare'],
  },
  'src/core': {
    holds: 'the decisions, pure: documents, contexts, flags, counting, the guard, rollouts',
    imports: [],
    order: [
      'limits',
      'context',
      'metrics',
      'flags',
      'config',
      'decision',
      'outcome',
      'shadow',
      'counters',
      'guard',
      'rollout',
    ],
    packages: ['valibot', 'isbot'],
  },
  'src/platform': {
    holds: 'the Workers runtime: bindings, keys, bounded bodies, problem details, internal errors',
    imports: ['src/core', 'config'],
    packages: [],
  },
  'src/contract': {
    holds: 'the admin API as data: routes, requests, responses, the typed client',
    imports: ['src/core'],
  },
  'src/gate': {
    holds: 'the request path by stage: request facts, live config, visitor, origins, reporting',
    imports: ['src/core', 'src/platform'],
    builtins: ['cloudflare'],
  },
  'src/durable': {
    holds: 'Durable Objects, thin shells over core: Controller, Counters, storage',
    imports: ['src/core', 'src/platform'],
    order: ['storage', 'counters', 'controller'],
    builtins: ['cloudflare'],
  },
  'src/api': {
    holds: 'the endpoints of the gate: the admin API and its access rules, flag evaluation, reports',
    imports: ['src/core', 'src/platform', 'src/contract', 'src/gate', 'config'],
    types: ['src/durable'],
  },
  'src/sdk/browser': { holds: 'the helper for pages: `sluice/browser`', imports: [], packages: [] },
  'src/sdk/server': { holds: 'the app behind the gate: `sluice/server`', imports: [], packages: [] },
  'src/sdk/openfeature': {
    holds: 'an OpenFeature provider: `sluice/openfeature`',
    imports: ['src/sdk/server'],
    packages: ['@openfeature/server-sdk'],
  },
  'src/sdk/openfeature-web': {
    holds: 'an OpenFeature provider for pages: `sluice/openfeature-web`',
    imports: ['src/sdk/browser'],
    packages: ['@openfeature/ofrep-web-provider', '@openfeature/web-sdk'],
  },
  'src/sdk/hono': {
    holds: 'the gate inside another Hono Worker: `sluice/hono`, `sluice/durable`',
    imports: ['src/core', 'src/platform', 'src/gate', 'src/durable', 'src/api'],
    packages: ['hono'],
    builtins: ['cloudflare'],
  },
  'src/sdk/testing': {
    holds: 'forced flags for the tests of apps: `sluice/testing`',
    imports: ['src/core', 'src/sdk/server', 'src/sdk/hono'],
    packages: [],
  },
  'src/interop': {
    holds: 'imports from, and exports to, other flag systems; runs on the command line',
    imports: ['src/core'],
    packages: ['valibot'],
  },
  'src/dashboard': { holds: 'the web page', imports: ['src/core', 'src/contract'] },
  'src/local': {
    holds: '`npm start`, `npm run demo`, the build of Worker and dashboard',
    imports: ['src/core', 'src/contract', 'src/platform', 'config', 'examples'],
    builtins: ['node'],
  },
  'src/cli': {
    holds: 'the command line',
    imports: ['src/core', 'src/platform', 'src/contract', 'src/interop', 'src/local', 'config'],
    builtins: ['node'],
  },
  'src/index.ts': {
    holds: 'the composition root, a Hono app; no file imports it',
    imports: ['src/core', 'src/platform', 'src/contract', 'src/gate', 'src/durable', 'src/api', 'config'],
    builtins: ['cloudflare'],
  },
  'test-kit': {
    holds: 'what tests and benchmarks share: plain workerd, a simulated network, traffic',
    imports: ['src', 'config', 'examples'],
    builtins: ['node', 'cloudflare'],
  },
  bench: {
    holds: 'benchmarks and simulations',
    imports: ['src', 'src/index.ts', 'test-kit', 'config', 'examples'],
    builtins: ['node', 'cloudflare'],
  },
  scripts: {
    holds: 'generators, the build, the checks of architecture and words',
    imports: ['src', 'test-kit', 'config', 'examples'],
    builtins: ['node'],
  },
  test: {
    holds: 'mirrors `src`; `worker/` runs inside workerd, `e2e/` runs a whole gate with real origins',
    imports: ['src', 'src/index.ts', 'test-kit', 'scripts', 'config', 'examples'],
    builtins: ['node', 'cloudflare'],
  },
}

/** No folder has more source files side by side; these list things of one kind. */
export const MOST_FILES = 15
export const LONG_LISTS = /^src\/(cli\/commands|dashboard\/views\/[^/]+)$/
