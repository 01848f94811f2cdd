/** wrangler, as a person calls it. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PROJECT_ROOT } from '../../../src/local/build/build-worker.ts'

/** `wrangler kv key put` into the KV of a local gate. */
export async function wranglerKvPut(dataDir: string, key: string, value: string): Promise<void> {
  await promisify(execFile)(
    process.execPath,
    [
      join(PROJECT_ROOT, 'node_modules/wrangler/bin/wrangler.js'),
      ...['kv', 'key', 'put', '--binding', 'GATE', '--local', '--persist-to', dataDir, key, value],
    ],
    {
      cwd: PROJECT_ROOT,
      env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
    },
  )
}
