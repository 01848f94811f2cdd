/** Pages of a shop behind a gate, for a real browser. */
import { resolve } from 'node:path'
import { build } from 'esbuild'
import { PROJECT_ROOT } from '../../../src/local/build/build-worker.ts'
import { conforming } from '../../ofrep/protocol.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'

/** A script of `pages/`, bundled for a browser. */
export async function bundledScript(name: string, format: 'esm' | 'iife' = 'esm'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [resolve(PROJECT_ROOT, `test/e2e/clients/pages/${name}.ts`)],
    bundle: true,
    format,
    target: 'es2022',
    conditions: ['browser'],
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

const POLICY = "default-src 'self'; script-src 'self' 'nonce-abc123'"

/** An origin whose pages load `/app.js`, with a policy that forbids inline code, and say whose they are. */
export async function startShopOrigin(name: string, script: string, policy = POLICY): Promise<Origin> {
  return await startOrigin(name, (request, response) => {
    if (request.url === '/app.js') {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
      return
    }
    const header = String(request.headers['sluice-flags'] ?? 'none')
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      etag: `"${name}"`,
    })
    response.end(
      `<!doctype html><html><head><title>${name}</title><script type="module" src="/app.js"></script></head>` +
        `<body data-origin="${name}" data-header="${header}"><h1>${name}</h1></body></html>`,
    )
  })
}

/** A fetch that holds each OFREP answer against the protocol; what is wrong is in `faults`. */
export function protocolFetch(): { fetch: typeof fetch; seen: () => number; faults: string[] } {
  const faults: string[] = []
  const ask = globalThis.fetch
  let seen = 0
  return {
    faults,
    seen: () => seen,
    fetch: async (input, init) => {
      const response = await ask(input, init)
      const kind = ofrepKind(input instanceof Request ? input.url : String(input))
      if (kind !== undefined) {
        seen++
        await conforming(response.clone(), kind).catch((error) => faults.push(String(error)))
      }
      return response
    },
  }
}

/** Which evaluation a URL asks for; undefined for what is none. */
export function ofrepKind(url: string): 'single' | 'bulk' | undefined {
  const [, key] = /\/ofrep\/v1\/evaluate\/flags(\/.+)?$/.exec(new URL(url).pathname) ?? []
  if (key !== undefined) return 'single'
  return new URL(url).pathname.endsWith('/ofrep/v1/evaluate/flags') ? 'bulk' : undefined
}

export type Listener = {
  /** When each message came, ms since 1970. */
  messagesMs: number[]
  /** Id of the last event. */
  lastId: () => string | undefined
  close(): void
}

/** Listens to a change stream as EventSource does; resolves when it is open. */
export async function listen(url: string, headers: Record<string, string> = {}): Promise<Listener> {
  const control = new AbortController()
  const response = await fetch(url, { headers, signal: control.signal })
  if (!response.ok || response.body === null) throw new Error(`The stream answers ${response.status}`)
  const messagesMs: number[] = []
  let lastId: string | undefined
  const read = async (body: ReadableStream<Uint8Array>) => {
    let text = ''
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const events = (text + chunk).split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        lastId = /^id: (.*)$/m.exec(event)?.[1] ?? lastId
        if (/^data: {"type":"refetchEvaluation"}$/m.test(event)) messagesMs.push(Date.now())
      }
    }
  }
  read(response.body as ReadableStream<Uint8Array>).catch(() => undefined)
  return { messagesMs, lastId: () => lastId, close: () => control.abort() }
}
