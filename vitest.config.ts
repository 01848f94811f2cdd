import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // What a test leaves behind is cleaned up while others start theirs.
    teardownTimeout: 60_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/core/**/*.test.ts',
            'test/cli/**/*.test.ts',
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
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                ADMIN_TOKEN: 'test-admin-token',
                SIGNING_KEY: 'test-signing-key',
              },
              // Origins of these tests; what is about origins has real ones, in e2e.
              outboundService: () => new Response('an origin'),
            },
          }),
        ],
        test: {
          name: 'worker',
          include: ['test/worker/**/*.test.ts'],
          testTimeout: 120_000,
          // A slow machine takes longer than the one second that is usual.
          expect: { poll: { timeout: 30_000 } },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // Nobody waits longer than needed; a slow machine that does other things as well needs its time.
          testTimeout: 240_000,
          hookTimeout: 240_000,
          expect: { poll: { timeout: 60_000 } },
          // Where nobody can look, one disturbance must not decide; "retry x1" in the output says that there was one.
          retry: process.env.CI ? 1 : 0,
          // They wait more than they work; more at once would make each other late.
          maxWorkers: 2,
        },
      },
    ],
  },
})
