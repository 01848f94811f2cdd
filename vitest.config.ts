import { availableParallelism } from 'node:os'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { bundledSources } from './test/support/bundled-sources.ts'
import { LongestFirst } from './test/support/sequencer.ts'
import { UnprovenReporter } from './test/support/unproven-reporter.ts'

/** What random tests draw from, and the order of shuffled ones. */
const SEED = Number(process.env.SLUICE_SEED ?? Date.now() % 2 ** 31)
const WORKERD = cloudflareTest({
  wrangler: { configPath: './wrangler.toml' },
  miniflare: {
    bindings: { ADMIN_TOKEN: 'test-admin-token', SIGNING_KEY: 'test-signing-key' },
    // Origins of these tests; what is about origins has real ones, in e2e.
    outboundService: () => new Response('an origin'),
  },
})
const COMMON = { provide: { seed: SEED }, setupFiles: ['test/support/setup.ts'] }

export default defineConfig({
  test: {
    // What a test leaves behind is cleaned up while others start theirs.
    teardownTimeout: 60_000,
    // Some of these wait for a second to pass.
    maxWorkers: availableParallelism() + 2,
    sequence: { seed: SEED, sequencer: LongestFirst },
    reporters: ['default', new UnprovenReporter(SEED)],
    projects: [
      {
        test: {
          ...COMMON,
          name: 'unit',
          // Modules are loaded once for all files: a third of the time goes otherwise. Nothing here replaces a module.
          isolate: false,
          include: [
            'test/core/**/*.test.ts',
            'test/contract/**/*.test.ts',
            'test/dashboard/**/*.test.ts',
            'test/interop/**/*.test.ts',
            'test/sdk/**/*.test.ts',
            'test/*.test.ts',
            'test/sim/**/*.test.ts',
            'test/support/**/*.test.ts',
          ],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...COMMON,
          name: 'cli',
          include: ['test/cli/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [WORKERD, bundledSources()],
        test: {
          ...COMMON,
          name: 'worker',
          // Hazard: vitest gathers what is logged by a timer, which a Durable Object that is gone by then never fires; the run
          // then waits for ever.
          disableConsoleIntercept: true,
          include: ['test/worker/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A slow machine takes longer than the one second that is usual.
          expect: { poll: { timeout: 30_000 } },
        },
      },
      {
        test: {
          ...COMMON,
          name: 'e2e',
          // After all others, whose computing would make them slow; most of their time they wait.
          sequence: { groupOrder: 1 },
          maxWorkers: availableParallelism() + (process.env.SLUICE_LONG === '1' ? 1 : 3),
          globalSetup: ['test/e2e/harness/built.ts'],
          // As above: a file begins most of a second sooner.
          isolate: false,
          include: ['test/e2e/**/*.test.ts'],
          // No test waits longer than needed; a slow machine that does other things as well needs its time.
          testTimeout: 240_000,
          hookTimeout: 240_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
      // What needs other people's builds and registries: `npm run test:world`.
      ...(process.env.SLUICE_WORLD === '1'
        ? [
            {
              test: {
                ...COMMON,
                name: 'world',
                sequence: { groupOrder: 2 },
                globalSetup: ['test/e2e/harness/built.ts'],
                include: ['test/world/**/*.test.ts'],
                testTimeout: 600_000,
                hookTimeout: 600_000,
              },
            },
          ]
        : []),
    ],
  },
})
