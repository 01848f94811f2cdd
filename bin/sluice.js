#!/usr/bin/env node
/** Starts the command line as it was built; in a clone it is built first where sources have changed. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const built = new URL('dist/cli.js', root)

try {
  if (existsSync(new URL('scripts/build-cli.mjs', root)) && !isFresh()) {
    const { buildCli } = await import('../scripts/build-cli.mjs')
    await buildCli()
  }
  await import(built.href)
} catch (error) {
  if (!existsSync(built)) {
    console.error(
      `Cannot start sluice: it is not built. Run in ${fileURLToPath(root)}: npm install && npm run build`,
    )
  } else {
    console.error(error instanceof Error ? error.message : String(error))
  }
  process.exit(1)
}

/** Whether the built file is newer than everything that it is made from. */
function isFresh() {
  const builtMs = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return ['src', 'examples/shop', 'config', 'package.json'].every(
    (each) => newestMs(new URL(each, root)) <= builtMs,
  )
}

/** When a file, or the newest file of a folder, was changed. */
function newestMs(url) {
  const own = statSync(url, { throwIfNoEntry: false })
  if (!own?.isDirectory()) return own?.mtimeMs ?? 0
  const within = new URL(`${url.href.replace(/\/$/, '')}/`)
  return Math.max(
    ...readdirSync(url).map((name) => newestMs(new URL(encodeURIComponent(name), within))),
    own.mtimeMs,
  )
}
