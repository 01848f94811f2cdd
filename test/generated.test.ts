import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

it('schema, API description and generated pages are what `npm run generate` writes', () => {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/generate.ts', '--check'], {
    encoding: 'utf8',
  })
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
})
