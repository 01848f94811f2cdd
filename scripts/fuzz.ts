/** `npm run fuzz -- [INPUTS] [NAME]`: random inputs, a million of each kind unless said otherwise. */
import { spawnSync } from 'node:child_process'

const [inputs = '1000000', name = ''] = process.argv.slice(2)
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', 'test/worker/fuzz.test.ts', ...(name ? ['-t', name] : [])],
  { stdio: 'inherit', env: { ...process.env, FUZZ_INPUTS: inputs } },
)
process.exit(status ?? 1)
