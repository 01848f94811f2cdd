/** The CPU time in which a Worker's module is compiled and run: what an isolate spends before its first request. */
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { percentile } from '../../test-kit/report/percentiles.ts'

/** Modules that only workerd has. */
const STUBS: Readonly<Record<string, string>> = {
  'cloudflare:workers':
    'export class DurableObject {}\nexport class WorkerEntrypoint {}\nexport const env = {}',
}

/** The median of several imports, in milliseconds; each compiles and runs the module anew. */
export async function startUpCpuMs(worker: string, repeats: number): Promise<number> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier in STUBS ? { url: specifier, shortCircuit: true } : next(specifier, context),
    load: (url, context, next) =>
      url in STUBS ? { format: 'module', source: STUBS[url] ?? '', shortCircuit: true } : next(url, context),
  })
  const times: number[] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = process.cpuUsage()
    await import(`${pathToFileURL(worker)}?${repeat}`)
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / 1e3)
  }
  hooks.deregister()
  return percentile(times, 0.5)
}
