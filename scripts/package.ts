/**
 * `npm run package -- --name @SCOPE/NAME`: build/package, ready for `npm publish build/package`, with the name that its owner
 * chose. The repository's own package is private and has no scope, so that it can't be published by mistake under a name that
 * is anyone's to take.
 */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { messageOf } from '../src/core/message-of.ts'
import { PROJECT_ROOT } from '../src/local/build/project-root.ts'
import { scriptArgs } from '../test-kit/script/script-args.ts'

/** npm's rules for a name with a scope. */
const SCOPED = /^@[a-z\d][a-z\d._-]*\/[a-z\d][a-z\d._-]*$/

try {
  const { values } = scriptArgs({ options: { name: { type: 'string' }, out: { type: 'string' } } })
  const { name = '', out = resolve(PROJECT_ROOT, 'build/package') } = values
  if (!SCOPED.test(name))
    throw new Error('--name must be a name with a scope that you own, such as @acme/sluice')
  const version = await layOut(name, resolve(out))
  console.log(`${out}: ${name} ${version}\n  npm publish ${out}\n  npm install --save-dev sluice@npm:${name}`)
} catch (error) {
  console.error(messageOf(error))
  process.exit(1)
}

async function layOut(name: string, out: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-package-'))
  try {
    const args = ['pack', '--silent', '--pack-destination', folder]
    const tarball = execFileSync('npm', args, { cwd: PROJECT_ROOT, encoding: 'utf8' })
      .trim()
      .split('\n')
      .at(-1)
    execFileSync('tar', ['-xzf', join(folder, tarball ?? ''), '-C', folder])
    const file = join(folder, 'package/package.json')
    const {
      private: _,
      scripts: __,
      devDependencies: ___,
      ...manifest
    } = JSON.parse(await readFile(file, 'utf8'))
    await writeFile(file, `${JSON.stringify({ ...manifest, name }, null, 2)}\n`)
    await rm(out, { recursive: true, force: true })
    await mkdir(resolve(out, '..'), { recursive: true })
    await rename(join(folder, 'package'), out).catch(() =>
      execFileSync('cp', ['-r', join(folder, 'package'), out]),
    )
    return String(manifest.version)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
