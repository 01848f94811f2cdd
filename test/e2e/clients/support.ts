/** Pages of a shop behind a gate, for a real browser. */
import { resolve } from 'node:path'
import { build } from 'esbuild'
import { PROJECT_ROOT } from '../../../src/local/build-worker.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'

/** A script of `pages/`, bundled for a browser. */
export async function bundledScript(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [resolve(PROJECT_ROOT, `test/e2e/clients/pages/${name}.ts`)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['browser'],
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

const POLICY = "default-src 'self'; script-src 'self' 'nonce-abc123'"

/** An origin whose pages load `/app.js`, with a policy that forbids inline code, and say whose they are. */
export async function startShopOrigin(name: string, script: string): Promise<Origin> {
  return await startOrigin(name, (request, response) => {
    if (request.url === '/app.js') {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
      return
    }
    const header = String(request.headers['sluice-flags'] ?? 'none')
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      etag: `"${name}"`,
    })
    response.end(
      `<!doctype html><html><head><title>${name}</title><script type="module" src="/app.js"></script></head>` +
        `<body data-origin="${name}" data-header="${header}"><h1>${name}</h1></body></html>`,
    )
  })
}
