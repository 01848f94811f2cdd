/** What `cloudflare:workers` gives a test: the gate itself and its bindings. */
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import('../../src/index.ts')
    durableNamespaces: 'Controller' | 'Counters'
  }
  interface Env extends Readonly<import('../../src/platform/env.ts').Env> {}
}
