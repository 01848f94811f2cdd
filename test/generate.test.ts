import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { PROJECT_ROOT } from '../src/local/project-root.ts'

const run = promisify(execFile)

it('what is generated is up to date: npm run generate -- --check', async () => {
  const script = resolve(PROJECT_ROOT, 'scripts/generate.ts')
  const outcome = await run(process.execPath, [script, '--check'], { cwd: PROJECT_ROOT }).then(
    () => 'up to date',
    (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
  )
  expect(outcome).toBe('up to date')
})
