/** The static origin in a separate process, so that its CPU time is not counted with any other. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export async function startStaticOrigin(): Promise<{ url: string; close(): void }> {
  const program = fileURLToPath(new URL('./static-origin.ts', import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = (await once(child.stdout, 'data')) as [Buffer]
  return { url: `http://127.0.0.1:${port.toString().trim()}`, close: () => void child.kill() }
}
