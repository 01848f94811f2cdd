/** The command line against a running gate; every answer that it gets is held against the OpenAPI description. */
import { tmpdir } from 'node:os'
import { afterAll, beforeAll } from 'vitest'
import { type Ran, type RunOptions, sluice } from '../../../cli/gate/support.ts'
import { describedFetch } from '../../../support/openapi.ts'
import { ADMIN_TOKEN, type Gate } from '../../harness/running-gate.ts'

/** From here on, all requests of this process to an admin API are watched. */
export function watchAdminApi(): void {
  const plain = globalThis.fetch
  beforeAll(() => {
    globalThis.fetch = describedFetch(plain)
  })
  afterAll(() => {
    globalThis.fetch = plain
  })
}

/**
 * `sluice ARGS` with the gate and its token in the environment. Not in the folder of the project, where another test may run a
 * gate that commands find.
 */
export function sluiceFor(gate: Gate) {
  return (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
    sluice(args, {
      cwd: tmpdir(),
      ...options,
      env: { SLUICE_URL: gate.url, SLUICE_TOKEN: ADMIN_TOKEN, ...options.env },
    })
}
