/** A demo origin on its own: `node examples/shop/main.ts --version new --port 9001`. */
import { parseArgs } from 'node:util'
import { startShop } from './shop.ts'

const USAGE = 'usage: node examples/shop/main.ts --version old|new [--port N] [--host ADDRESS]'

function readOptions(): Parameters<typeof startShop>[0] {
  const { values } = parseArgs({
    options: {
      version: { type: 'string' },
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
    },
  })
  const { version, port, host } = values
  if (version !== 'old' && version !== 'new')
    throw new Error(`--version: expected old or new, got ${version}`)
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Error(`--port: expected a number from 0 to 65535, got ${port}`)
  }
  return { version, port: Number(port), host }
}

try {
  const shop = await startShop(readOptions())
  console.log(`${shop.version} shop on ${shop.url}`)
  const stop = () => void shop.close()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(USAGE)
  process.exitCode = 2
}
